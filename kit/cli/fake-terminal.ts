/** A terminal that keeps what a command writes, for tests of commands without a process. */
import type { Terminal } from "../../src/cli/terminal.ts";

/** What was written so far, by stream. */
export interface FakeTerminal extends Terminal {
  readonly printed: string[];
  readonly noted: string[];
  readonly progress: string[];
}

/** A terminal whose user interrupts when `signal` aborts. */
export function fakeTerminal(signal: AbortSignal = new AbortController().signal): FakeTerminal {
  const printed: string[] = [];
  const noted: string[] = [];
  const progress: string[] = [];
  return {
    printed,
    noted,
    progress,
    print: (line) => void printed.push(line),
    note: (line) => void noted.push(line),
    showProgress: (line) => void progress.push(line),
    clearProgress: () => undefined,
    signal,
  };
}
