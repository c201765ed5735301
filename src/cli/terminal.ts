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

/** Most columns of a line of progress: longer ones would wrap, and could not be replaced. */
const PROGRESS_COLUMNS = 79;

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
      stderr.write(`\r\u001B[K${line.slice(0, PROGRESS_COLUMNS)}`);
      hasProgress = true;
    },
  };
}
