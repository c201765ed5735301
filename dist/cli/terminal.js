/**
 * Where a command writes, and what interrupts it. Passed in, so that commands don't depend on a
 * process.
 */
/** Width of a terminal that doesn't report its size. */
export const DEFAULT_COLUMNS = 80;
/**
 * The terminal of this process: results go to standard output, everything else to standard error.
 */
export function processTerminal(signal) {
    const { stdout, stderr } = process;
    let hasProgress = false;
    const clear = () => {
        if (hasProgress)
            stderr.write("\r\u001B[K");
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
            if (!stderr.isTTY)
                return;
            // A longer line would wrap, and could not be replaced.
            const columns = (stderr.columns || DEFAULT_COLUMNS) - 1;
            stderr.write(`\r\u001B[K${line.slice(0, columns)}`);
            hasProgress = true;
        },
    };
}
