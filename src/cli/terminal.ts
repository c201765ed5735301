/** Where a command writes, and what interrupts it: handed in, so that commands own no process. */

/** The process around a command. */
export interface Terminal {
  /** One line of a result. */
  readonly print: (line: string) => void;
  /** One line for the person in front of it, beside the result. */
  readonly note: (line: string) => void;
  /** A line that the next one replaces; shown only where somebody can see it change. */
  readonly showProgress: (line: string) => void;
  /** Removes what `showProgress` left. */
  readonly clearProgress: () => void;
  /** Aborts when the person, or the system, wants the command to end. */
  readonly signal: AbortSignal;
}

/** Of a terminal that does not know its size. */
export const DEFAULT_COLUMNS = 80;

/** The terminal of this process: results go to standard output, all else to standard error. */
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
