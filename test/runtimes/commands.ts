/** How each runtime runs a script, browsers apart (those are in test/e2e). */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What the client is tested on. `OldestNode` is the oldest that package.json allows. */
export const runtimes = ["Node", "OldestNode", "Deno", "Bun"] as const;

export type Runtime = (typeof runtimes)[number];

/** A program and its options; the script comes next. */
export type RunCommand = readonly [program: string, ...options: string[]];

const commands: Readonly<Record<Runtime, () => RunCommand>> = {
  Node: () => [process.execPath],
  OldestNode: () => [installed("node-oldest/bin/node")],
  Deno: () => [installed(".bin/deno"), "run", "--quiet", "--no-config", "--allow-net"],
  Bun: () => [installed(".bin/bun"), "run"],
};

/** @throws {Error} If the runtime is not installed. */
export function runCommand(runtime: Runtime): RunCommand {
  return commands[runtime]();
}

function installed(path: string): string {
  const program = fileURLToPath(new URL(`node_modules/${path}`, import.meta.url));
  if (existsSync(program)) return program;
  throw new Error(`There is no ${program}: run "node scripts/setup.mjs test/runtimes"`);
}
