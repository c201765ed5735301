import { watchBucket } from "../client/watch/watch.js";
import { exitCodes } from "./exit-code.js";
import { onLiveScreen } from "./live-screen.js";
import { WatchView } from "./watch-view.js";
/** Interval of redraws that show only the passage of time: ten a second look smooth. */
const REDRAW_MS = 100;
/** Resolves with the exit code once the terminal's signal aborts. Rejects as the feed does. */
export async function watch(command, terminal) {
    const { options, bucket, isJson } = command;
    const { signal } = terminal;
    const follow = (onLost) => {
        return watchBucket(options, bucket, { signal, onLost });
    };
    try {
        await (isJson || !process.stdout.isTTY ? write(follow, terminal) : draw(follow));
    }
    catch (error) {
        if (!terminal.signal.aborted)
            throw error;
    }
    return exitCodes.ok;
}
/** Writes one line for each message, and a note for the user when the connection is lost. */
async function write(follow, terminal) {
    let isLost = false;
    const messages = follow(() => {
        if (!isLost)
            terminal.note("sluice: connection lost, reconnecting");
        isLost = true;
    });
    for await (const message of messages) {
        isLost = false;
        terminal.print(JSON.stringify(message));
    }
}
async function draw(follow) {
    const view = new WatchView();
    let clockAheadMs = 0;
    const nowMs = () => Date.now() + clockAheadMs;
    await onLiveScreen((columns, rows) => view.lines(nowMs(), columns, rows), async (redraw) => {
        const timer = setInterval(redraw, REDRAW_MS);
        try {
            const messages = follow(() => {
                view.lose(nowMs());
                redraw();
            });
            for await (const message of messages) {
                clockAheadMs = message.atMs - Date.now();
                view.add(message);
                redraw();
            }
        }
        finally {
            clearInterval(timer);
        }
    });
}
