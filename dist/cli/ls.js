import { createClient } from "../client/client.js";
import { SluiceError } from "../client/sluice-error.js";
import { sleep } from "../client/transport/abort.js";
import { exitCodes } from "./exit-code.js";
import { onLiveScreen } from "./live-screen.js";
import { tableOf } from "./ls-view.js";
import { DEFAULT_COLUMNS } from "./terminal.js";
/** Each bucket reports every 10 s, all of them at different moments. */
const REFRESH_MS = 2_000;
/** Longer than any line. */
const ANY_WIDTH = 1_000;
/** Resolves with the exit code; a watched list, once the terminal's signal aborts. Rejects as a client does. */
export async function ls(command, terminal) {
    const { options, asked, isWatched, isJson } = command;
    // A watched list is asked for again anyway.
    const client = createClient(isWatched ? { ...options, retryForMs: 0 } : options);
    const ask = () => client.listBuckets({ ...asked, signal: terminal.signal });
    if (!isWatched) {
        const list = await ask();
        if (isJson)
            terminal.print(JSON.stringify(list));
        else
            print(list, command, terminal);
        return exitCodes.ok;
    }
    try {
        await (isJson || !process.stdout.isTTY ? write(ask, terminal) : draw(ask, command, terminal));
    }
    catch (error) {
        if (!terminal.signal.aborted)
            throw error;
    }
    return exitCodes.ok;
}
function print(list, command, terminal) {
    if (list.buckets.length === 0) {
        // Not on standard output: a script that counts lines counts none.
        for (const line of emptyState(command))
            terminal.note(line);
        return;
    }
    const { isTTY, columns } = process.stdout;
    const width = isTTY ? columns || DEFAULT_COLUMNS : ANY_WIDTH;
    for (const line of tableOf(list, Date.now(), width))
        terminal.print(line);
}
/** Says what has to happen before there is something to see. */
function emptyState({ options, asked: { prefix = "" } }) {
    const which = prefix === "" ? "No bucket" : `No bucket whose name begins with ${prefix}`;
    const url = "url" in options ? ` ${String(options.url)}` : "";
    return [
        `${which} has been busy in the last minutes.`,
        "A bucket is listed within 10 s of being asked at least once a second, or of keeping callers waiting.",
        ...(options.token === undefined
            ? []
            : ["Only buckets that the token in SLUICE_TOKEN may read are listed."]),
        `To see one: sluice bench${url} --bucket ${prefix}demo`,
    ];
}
/** Writes one line for each list, and a note for the user when Sluice can't be reached. */
async function write(ask, terminal) {
    let isLost = false;
    await repeat(ask, terminal, (list) => {
        if (list)
            terminal.print(JSON.stringify(list));
        else if (!isLost)
            terminal.note("sluice: connection lost, reconnecting");
        isLost = !list;
    });
}
async function draw(ask, command, terminal) {
    let list;
    let state = "connecting …";
    const lines = (columns, rows) => {
        // Erasing to the end of the line would erase a character in the last column too.
        const width = columns - 1;
        const status = state === "" ? [] : [state, ""];
        const room = rows - status.length;
        let shown = [];
        if (list) {
            const isEmpty = list.buckets.length === 0;
            shown = isEmpty ? emptyState(command) : tableOf(list, Date.now(), width, room);
        }
        return [...status, ...shown].slice(0, rows).map((line) => line.slice(0, width));
    };
    await onLiveScreen(lines, async (redraw) => {
        redraw();
        await repeat(ask, terminal, (latest) => {
            list = latest ?? list;
            state = latest ? "" : "connection lost, reconnecting …";
            redraw();
        });
    });
}
/** Asks again and again, and reports each list; `undefined` where Sluice can't be reached. */
async function repeat(ask, { signal }, onList) {
    for (;;) {
        onList(await ask().catch(unlessUnavailable));
        await sleep(REFRESH_MS, signal);
    }
}
function unlessUnavailable(error) {
    if (!(error instanceof SluiceError && error.reason === "unavailable"))
        throw error;
}
