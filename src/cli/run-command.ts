/**
 * Runs a command once its tokens are granted, as a shell would: it inherits the streams, receives
 * the signals, and its exit code is passed on.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { constants } from "node:os";

import { Timer } from "../holding/timer.ts";
import { exitCodes } from "./exit-code.ts";

/** Signals that are forwarded. A terminal sends its own interrupts to the command directly. */
const FORWARDED = ["SIGTERM", "SIGHUP", "SIGINT"] as const;

/** A command that was asked to end and goes on for so long is killed, in milliseconds. */
const KILLED_AFTER_MS = 10_000;

/** How a command is run. */
interface RunOptions {
  /** Variables in addition to those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** When it aborts, the command is ended with SIGTERM, and some seconds later with SIGKILL. */
  readonly signal?: AbortSignal;
}

/**
 * Runs `command` and resolves with the exit code: the command's own, 128 plus the number of the
 * signal that ended it, 127 if the command was not found, 126 if it could not be run.
 */
export function runCommand(
  command: string,
  args: readonly string[],
  { env, signal }: RunOptions = {},
): Promise<number> {
  let child: ChildProcess;
  try {
    child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
  } catch (error) {
    // Node throws some faults and emits others as an "error" event.
    return Promise.resolve(explain(command, error));
  }
  return new Promise((resolve) => {
    const forward = (name: NodeJS.Signals): void => {
      if (name !== "SIGINT" || !process.stdin.isTTY) child.kill(name);
    };
    const killing = new Timer();
    const stop = (): void => {
      child.kill("SIGTERM");
      killing.set(KILLED_AFTER_MS, () => child.kill("SIGKILL"));
    };
    for (const name of FORWARDED) process.on(name, forward);
    signal?.addEventListener("abort", stop);
    const settle = (code: number): void => {
      for (const name of FORWARDED) process.off(name, forward);
      signal?.removeEventListener("abort", stop);
      killing.clear();
      resolve(code);
    };
    child.once("error", (error) => settle(explain(command, error)));
    child.once("exit", (code, by) => {
      settle(by ? exitCodes.signalled + constants.signals[by] : (code ?? exitCodes.failed));
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
