/**
 * Where a command writes, and what interrupts it. Passed in, so that commands don't depend on a
 * process.
 */

/** The process in which a command runs. */
export interface Terminal {
  /** Writes a line of the result. */
  readonly print: (line: string) => void;
  /** Writes a line for the user, separate from the result. */
  readonly note: (line: string) => void;
  /** Shows a line that the next one replaces; only on a terminal. */
  readonly showProgress: (line: string) => void;
  /** Erases the progress line. */
  readonly clearProgress: () => void;
  /** Aborts when the user or the system ends the command. */
  readonly signal: AbortSignal;
}

/** Width of a terminal that doesn't report its size. */
export const DEFAULT_COLUMNS = 80;

/**
 * The terminal of this process: results go to standard output, everything else to standard error.
 */
export function processTerminal(signal: AbortSignal): Terminal {
  const { stdout, stderr } = process;
  let hasProgress = false;
  const clear = (): void => {
    if (hasProgress) stderr.write("\r\u001B[K");
    hasProgress = false;
  };
  return {
    signal,
    clearProgress: clear,
    print: (line) => {
      clear();
      stdout.write(`${line}\n`);
    },
    note: (line) => {
      clear();
      stderr.write(`${line}\n`);
    },
    showProgress: (line) => {
      if (!stderr.isTTY) return;
      // A longer line would wrap, and could not be replaced.
      const columns = (stderr.columns || DEFAULT_COLUMNS) - 1;
      stderr.write(`\r\u001B[K${line.slice(0, columns)}`);
      hasProgress = true;
    },
  };
}
