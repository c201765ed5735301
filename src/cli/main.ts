#!/usr/bin/env node
/** The program `sluice`: parses the command line, runs the command, and exits with its code. */
import { readFileSync } from "node:fs";
import { constants } from "node:os";

import type { Terminal } from "./terminal.ts";

import { createClient } from "../client/client.ts";
import { SluiceError } from "../client/sluice-error.ts";
import { acquire } from "./acquire.ts";
import { readArguments, type Arguments, type Place } from "./arguments.ts";
import { bench } from "./bench.ts";
import { exitCodeOfReason, exitCodes } from "./exit-code.ts";
import { init } from "./init.ts";
import { ls } from "./ls.ts";
import { nodeFault } from "./node-version.ts";
import { ConfigurationError } from "./policy/configuration.ts";
import { processTerminal } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";
import { usage } from "./usage.ts";
import { watch } from "./watch.ts";

type PolicyArguments = Extract<Arguments, { readonly name: `policy ${string}` }>;

/** Signals that end a waiting command. */
const INTERRUPTS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

async function main(args: readonly string[]): Promise<number> {
  const fault = nodeFault(process.versions);
  if (fault !== undefined) {
    process.stderr.write(`sluice: ${fault}\n`);
    return exitCodes.configuration;
  }
  const interrupt = new AbortController();
  let interruptedBy: (typeof INTERRUPTS)[number] | "SIGPIPE" | undefined;
  const end = (by: NonNullable<typeof interruptedBy>): void => {
    interruptedBy ??= by;
    interrupt.abort();
  };
  for (const name of INTERRUPTS) process.on(name, end);
  // Node reports as an error what other programs get as SIGPIPE: nothing reads the results any
  // more.
  process.stdout.on("error", () => end("SIGPIPE"));
  // Nothing reads the notes any more, which is no reason to end.
  process.stderr.on("error", () => undefined);
  const terminal = processTerminal(interrupt.signal);
  try {
    const code = await run(readArguments(args, process.env), terminal);
    // A socket stays open until the other side confirms its close, and the other side may be gone.
    if (interruptedBy) process.exit(code);
    return code;
  } catch (error) {
    terminal.clearProgress();
    // Exits at once, whatever is still in progress.
    if (interruptedBy) process.exit(exitCodes.signalled + constants.signals[interruptedBy]);
    return explain(error, terminal);
  }
}

function run(command: Arguments, terminal: Terminal): number | Promise<number> {
  switch (command.name) {
    case "help":
      if (!command.isMistake) terminal.print(usage);
      else terminal.note(usage);
      return command.isMistake ? exitCodes.usage : exitCodes.ok;
    case "version":
      terminal.print(version());
      return exitCodes.ok;
    case "acquire": {
      const { place, onUnavailable } = command;
      const onError = (error: unknown): void => void explain(error, terminal);
      const client = createClient({ ...connection(place), onUnavailable, onError });
      return acquire(client, command.command, terminal);
    }
    case "inspect":
      return inspect(command.place, command.bucket, terminal);
    case "ls":
      return ls({ options: connection(command.place), ...command.command }, terminal);
    case "watch": {
      const { place, bucket, isJson } = command;
      return watch({ options: connection(place), bucket, isJson }, terminal);
    }
    case "bench":
      return bench(command.command, terminal);
    case "init":
      return init(command.command, terminal);
    case "policy check":
    case "policy plan":
    case "policy apply":
    case "policy rollback":
      return runPolicy(command, terminal);
    default:
      return command satisfies never;
  }
}

async function inspect(place: Place, bucket: string, terminal: Terminal): Promise<number> {
  const { signal } = terminal;
  const snapshot = await createClient(connection(place)).inspect(bucket, { signal });
  terminal.print(JSON.stringify(snapshot, null, process.stdout.isTTY ? 2 : 0));
  return exitCodes.ok;
}

async function runPolicy(command: PolicyArguments, terminal: Terminal): Promise<number> {
  // Loaded on demand: the other commands don't need to know what a policy may be.
  const { apply, check, plan, rollback } = await import("./policy/index.ts");
  switch (command.name) {
    case "policy check":
      return check(command.command, terminal);
    case "policy plan":
      return plan(command.command, command.place, terminal);
    case "policy apply":
      return apply(command.command, command.place, terminal);
    case "policy rollback":
      return rollback(command.bucket, command.place, terminal);
    default:
      return command satisfies never;
  }
}

function connection({ url, token }: Place): { url: string; token?: string } {
  return token === undefined ? { url } : { url, token };
}

function explain(error: unknown, terminal: Terminal): number {
  if (error instanceof UsageError) {
    terminal.note(`sluice: ${error.message}\nTry "sluice --help"`);
    return exitCodes.usage;
  }
  if (!(error instanceof Error)) throw error;
  terminal.note(`sluice: ${error.message}`);
  if (error instanceof ConfigurationError) return exitCodes.configuration;
  if (error instanceof SluiceError) return exitCodeOfReason(error.reason);
  // Thrown by the client for an illegal argument.
  const isArgument = error instanceof RangeError || error instanceof TypeError;
  return isArgument ? exitCodes.usage : exitCodes.failed;
}

/** The version in this package's manifest. */
function version(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return String(JSON.parse(manifest).version);
}

process.exitCode = await main(process.argv.slice(2));
