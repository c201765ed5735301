/**
 * `npm run serve`. Exit status: 0 after an orderly shutdown, 2 if an option or the configuration is
 * wrong, workerd's own status if workerd exits unexpectedly, otherwise 1.
 *
 * Run it as `node -- serve/main.ts`. Without the dashes, Node interprets an `--env-file` after the
 * script's name as its own option, and reports a missing file with a message of its own.
 */
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { resolve } from "node:path";

import type { BundleSource } from "./options.ts";
import type { Openness } from "../src/worker/auth/openness.ts";
import type { Service } from "./serve.ts";
import type { WorkerBundle } from "./worker-bundle.ts";

import { roomFor } from "./front-relay.ts";
import { USAGE, readOptions } from "./options.ts";
import { OWN_OBJECTS, SERVED_MAIN, serve } from "./serve.ts";
import { ServeError } from "./serve-error.ts";
import { bundleWorker, readWrittenBundle, unservedBindings, writeBundle } from "./worker-bundle.ts";

/** Exit status for a wrong option or configuration: starting again will not help. */
const USAGE_STATUS = 2;
/** A shell reports a process that was killed by a signal as this plus the signal's number. */
const SIGNAL_STATUS = 128;

const access: Readonly<Record<Openness, string>> = {
  token: "callers need an API_TOKEN",
  everybody: "PUBLIC is set: anyone who can reach it may acquire and read",
  nobody: "closed: set API_TOKEN, or PUBLIC to let anyone in; until then every call gets 401",
};

let service: Service | undefined;
let isStopping = false;
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  process.on(signal, () => onSignal(signal));
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof ServeError)) throw error;
  console.error(error.message);
  process.exitCode = error.isLasting ? USAGE_STATUS : 1;
}

async function main(): Promise<number> {
  const command = await readOptions(process.argv.slice(2), process.env);
  switch (command.kind) {
    case "help":
      console.log(USAGE);
      return 0;
    case "write-bundle": {
      await writeBundle(command.dir, await build(command.configPath));
      console.log(`Wrote the Worker to ${command.dir}`);
      return 0;
    }
    case "serve": {
      const { source, ...options } = command;
      const bundle = await bundleOf(source);
      service = await serve({ ...options, bundle });
      const state = resolve(options.stateDir);
      console.log(`Ready on ${service.url} (state in ${state}; ${access[service.openness]})`);
      console.log(filesLine(service.fileLimit, options.relay !== undefined));
      const status = await service.ended;
      if (!isStopping) console.error(`workerd exited unexpectedly with status ${status}`);
      return status;
    }
    default:
      return command satisfies never;
  }
}

function bundleOf(source: BundleSource): Promise<WorkerBundle> {
  return source.kind === "written" ? readWrittenBundle(source.dir) : build(source.configPath);
}

/** The limit on open files, and how many clients that allows. */
function filesLine(limit: number, hasRelay: boolean): string {
  if (limit === Infinity) return "Open files: no limit";
  const files = `Open files: at most ${limit.toLocaleString("en")}, the hard limit (ulimit -Hn)`;
  if (!hasRelay) return files;
  return `${files}: enough for ${roomFor(limit).toLocaleString("en")} concurrent requests`;
}

/** Bundles Sluice's own Worker with the configuration at `configPath`. */
async function build(configPath: string): Promise<WorkerBundle> {
  if (!existsSync(configPath)) {
    throw new ServeError(`--config: ${configPath} does not exist`, { isLasting: true });
  }
  console.log("Building the Worker …");
  try {
    const bundle = await bundleWorker({ configPath, main: SERVED_MAIN });
    const unserved = unservedBindings(bundle.config, OWN_OBJECTS.durable_objects.bindings);
    if (unserved.length > 0) {
      console.error(
        `Ignored bindings, which Sluice's own Worker doesn't have: ${unserved.join(", ")}`,
      );
    }
    return bundle;
  } catch (cause) {
    const { message, stderr = "" } = cause as Error & { stderr?: string };
    throw new ServeError(`Cannot build the Worker: ${message}\n${stderr}`.trim(), {
      isLasting: true,
      cause,
    });
  }
}

/** The first signal starts an orderly shutdown, the second ends it at once. */
function onSignal(signal: NodeJS.Signals): void {
  // No caller can be waiting yet, and anything already started exits with this process.
  if (!service) process.exit(SIGNAL_STATUS + constants.signals[signal]);
  if (isStopping) return service.kill();
  isStopping = true;
  console.log(`${signal}: refusing waiting callers, then shutting down`);
  void service.stop();
}
