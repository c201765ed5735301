/**
 * Runs a command once its tokens are granted, as a shell would: it inherits the streams, receives
 * the signals, and its exit code is passed on.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { constants } from "node:os";

import { exitCodes } from "./exit-code.ts";

/** Signals that are forwarded. A terminal sends its own interrupts to the command directly. */
const FORWARDED = ["SIGTERM", "SIGHUP", "SIGINT"] as const;

/**
 * Runs `command` and resolves with the exit code: the command's own, 128 plus the number of the
 * signal that ended it, 127 if the command was not found, 126 if it could not be run.
 */
export function runCommand(command: string, args: readonly string[]): Promise<number> {
  let child: ChildProcess;
  try {
    child = spawn(command, args, { stdio: "inherit" });
  } catch (error) {
    // Node throws some faults and emits others as an "error" event.
    return Promise.resolve(explain(command, error));
  }
  return new Promise((resolve) => {
    const forward = (signal: NodeJS.Signals): void => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    };
    for (const signal of FORWARDED) process.on(signal, forward);
    const settle = (code: number): void => {
      for (const signal of FORWARDED) process.off(signal, forward);
      resolve(code);
    };
    child.once("error", (error) => settle(explain(command, error)));
    child.once("exit", (code, signal) => {
      settle(signal ? exitCodes.signalled + constants.signals[signal] : (code ?? exitCodes.failed));
    });
  });
}

/** Reports why `command` could not be run; returns the exit code. */
function explain(command: string, error: unknown): number {
  if (!(error instanceof Error)) throw error;
  const isMissing = "code" in error && error.code === "ENOENT";
  process.stderr.write(`sluice: ${command}: ${isMissing ? "command not found" : error.message}\n`);
  return isMissing ? exitCodes.notFound : exitCodes.notExecutable;
}
