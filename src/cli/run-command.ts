/** Running the command that a token was waited for, as a shell would: its streams, signals and code are ours. */
import { spawn, type ChildProcess } from "node:child_process";
import { constants } from "node:os";

import { exitCodes } from "./exit-code.ts";

/** What is passed on. A terminal sends its own interrupts to the command by itself. */
const PASSED_ON = ["SIGTERM", "SIGHUP", "SIGINT"] as const;

/**
 * Runs `command` and resolves with the code to end with: its own, 128 and the number of the signal that
 * ended it, 127 where there is no such command, 126 where it cannot be run.
 */
export function runCommand(command: string, args: readonly string[]): Promise<number> {
  let child: ChildProcess;
  try {
    child = spawn(command, args, { stdio: "inherit" });
  } catch (error) {
    // Node tells some faults so, and others by the event "error".
    return Promise.resolve(explain(command, error));
  }
  return new Promise((resolve) => {
    const pass = (signal: NodeJS.Signals): void => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    };
    for (const signal of PASSED_ON) process.on(signal, pass);
    const settle = (code: number): void => {
      for (const signal of PASSED_ON) process.off(signal, pass);
      resolve(code);
    };
    child.once("error", (error) => settle(explain(command, error)));
    child.once("exit", (code, signal) => {
      settle(signal ? exitCodes.signalled + constants.signals[signal] : (code ?? exitCodes.failed));
    });
  });
}

/** Says why `command` does not run; the code to end with. */
function explain(command: string, error: unknown): number {
  if (!(error instanceof Error)) throw error;
  const isMissing = "code" in error && error.code === "ENOENT";
  process.stderr.write(`sluice: ${command}: ${isMissing ? "no such command" : error.message}\n`);
  return isMissing ? exitCodes.notFound : exitCodes.notExecutable;
}
