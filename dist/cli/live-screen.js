/** Drawing that replaces itself, on a terminal's alternate screen: what was there before comes back at the end. */
import { DEFAULT_COLUMNS } from "./terminal.js";
/** Height of a terminal that doesn't report its size. */
const DEFAULT_ROWS = 24;
const ENTER_ALTERNATE_SCREEN = "\u001B[?1049h\u001B[?25l";
const LEAVE_ALTERNATE_SCREEN = "\u001B[?25h\u001B[?1049l";
const CURSOR_HOME = "\u001B[H";
const ERASE_LINE_END = "\u001B[K";
const ERASE_BELOW = "\u001B[J";
/**
 * Enters the alternate screen for as long as `run` takes, and passes it a function that draws the view anew.
 * Resolves and rejects as `run` does.
 */
export async function onLiveScreen(lines, run) {
    const { stdout } = process;
    const redraw = () => {
        // A terminal that doesn't know its size reports 0.
        const shown = lines(stdout.columns || DEFAULT_COLUMNS, stdout.rows || DEFAULT_ROWS);
        stdout.write(CURSOR_HOME + shown.map((line) => line + ERASE_LINE_END).join("\n") + ERASE_BELOW);
    };
    stdout.write(ENTER_ALTERNATE_SCREEN);
    try {
        await run(redraw);
    }
    finally {
        stdout.write(LEAVE_ALTERNATE_SCREEN);
    }
}
