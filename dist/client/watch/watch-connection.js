/**
 * One WebSocket to a bucket's feed, from opening to close, with backpressure.
 *
 * The service buffers whatever has not been reported as read, and closes the connection when that
 * becomes too much. So a message is reported only once it was taken, and a reader that stops for
 * long loses its connection instead of filling its memory.
 */
import { readReport } from "../../protocol/watch-feed.js";
import { LiveSocket } from "../transport/live-socket.js";
/**
 * The service sends nothing while nothing happens: after this long without a message, it is sent a
 * ping.
 */
const SILENCE_MS = 30_000;
/**
 * How much to read before reporting it: an eighth of `MAX_UNREAD`, well before the service would
 * close the connection. A literal, because a bundler can drop it if it is unused.
 */
const REPORT_EVERY = 65_536;
/** A connection to a bucket's feed. */
export class WatchConnection {
    #socket;
    #texts = [];
    #isClosed = false;
    #wake = () => undefined;
    #read = 0;
    #reported = 0;
    /** @param socket Not open yet. */
    constructor(socket) {
        const events = {
            onText: (text) => this.#received(text),
            onClose: () => {
                this.#isClosed = true;
                this.#wake();
            },
        };
        this.#socket = new LiveSocket(socket, events, { silenceMs: SILENCE_MS });
    }
    /**
     * Resolves with the next message; with `undefined` once the connection has closed and every
     * message was taken.
     */
    async next() {
        this.#report();
        while (this.#texts.length === 0 && !this.#isClosed) {
            await new Promise((resolve) => {
                this.#wake = resolve;
            });
        }
        const text = this.#texts.shift();
        if (text !== undefined)
            this.#read += text.length;
        return text;
    }
    /** Closes the connection; a pending `next` resolves. */
    close() {
        this.#socket.close();
    }
    #received(text) {
        if (!text.startsWith("{"))
            return;
        this.#texts.push(text);
        this.#wake();
    }
    #report() {
        if (this.#isClosed || this.#read - this.#reported < REPORT_EVERY)
            return;
        this.#reported = this.#read;
        this.#socket.send(readReport(this.#read));
    }
}
