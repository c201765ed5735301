/**
 * `npm run serve`. Ends with 0 once it was told to end and has, with 2 where an option or the
 * configuration is at fault, with workerd's own status where that ended by itself, else with 1.
 *
 * To be run as `node -- serve/main.ts`: without the dashes Node looks for `--env-file` behind the name
 * of the script, too, and complains in its own words of a file that is not there.
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
import { SERVED_MAIN, serve } from "./serve.ts";
import { ServeError } from "./serve-error.ts";
import { bundleWorker, readWrittenBundle, unservedBindings, writeBundle } from "./worker-bundle.ts";

/** Status where an option or the configuration is at fault: trying again will not help. */
const USAGE_STATUS = 2;
/** Status of a shell for a process that a signal has ended, less the signal's number. */
const SIGNAL_STATUS = 128;

const access: Readonly<Record<Openness, string>> = {
  token: "callers need an API_TOKEN",
  everybody: "PUBLIC is set: everybody who reaches it may acquire and read",
  nobody: "closed: set API_TOKEN, or PUBLIC to let in everybody; until then all calls get 401",
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
      if (!isStopping) console.error(`workerd ended by itself, with status ${status}`);
      return status;
    }
    default:
      return command satisfies never;
  }
}

function bundleOf(source: BundleSource): Promise<WorkerBundle> {
  return source.kind === "written" ? readWrittenBundle(source.dir) : build(source.configPath);
}

/** What the limit of open files is, and what it is enough for. */
function filesLine(limit: number, hasRelay: boolean): string {
  if (limit === Infinity) return "Open files: no limit";
  const files = `Open files: at most ${limit.toLocaleString("en")}, the hard limit (ulimit -Hn)`;
  if (!hasRelay) return files;
  return `${files}: room for ${roomFor(limit).toLocaleString("en")} clients with a request at once`;
}

/** Sluice's own Worker, under that configuration. */
async function build(configPath: string): Promise<WorkerBundle> {
  if (!existsSync(configPath)) {
    throw new ServeError(`--config: there is no ${configPath}`, { isLasting: true });
  }
  console.log("Building the Worker …");
  try {
    const bundle = await bundleWorker({ configPath, main: SERVED_MAIN });
    const unserved = unservedBindings(bundle.config);
    if (unserved.length > 0) console.error(`Left out, for Cloudflare only: ${unserved.join(", ")}`);
    return bundle;
  } catch (cause) {
    const { message, stderr = "" } = cause as Error & { stderr?: string };
    throw new ServeError(`Cannot build the Worker: ${message}\n${stderr}`.trim(), {
      isLasting: true,
      cause,
    });
  }
}

/** The first asks for an end in order, the second for an end. */
function onSignal(signal: NodeJS.Signals): void {
  // Nobody can be waiting yet; and what has been started goes with this process.
  if (!service) process.exit(SIGNAL_STATUS + constants.signals[signal]);
  if (isStopping) return service.kill();
  isStopping = true;
  console.log(`${signal}: telling those who wait, then ending`);
  void service.stop();
}
