/**
 * One WebSocket to Sluice, from opening to close.
 *
 * A connection can die without a sign: a machine sleeps, a cable is pulled, a proxy forgets it. The other side sends
 * nothing while nothing happens, so after some silence it is sent a ping; without an answer, the connection is over.
 */
import { PING, PONG } from "../../protocol/watch-feed.js";
import { Watchdog } from "./watchdog.js";
/** A ping is answered within a round trip, and a connection opens within a few. */
const MAX_REPLY_MS = 10_000;
/** A connection that is watched over. */
export class LiveSocket {
    #socket;
    #events;
    #silenceMs;
    #isClosed = false;
    #isAwaitingReply = true;
    #watchdog = undefined;
    /** @param socket Not open yet. */
    constructor(socket, events, { openMs, silenceMs }) {
        this.#socket = socket;
        this.#events = events;
        this.#silenceMs = silenceMs;
        socket.addEventListener("open", () => {
            if (this.#isClosed)
                return;
            this.#heard();
            events.onOpen?.();
        });
        socket.addEventListener("message", ({ data }) => this.#received(String(data)));
        // Every error is followed by a close event.
        socket.addEventListener("error", () => undefined);
        socket.addEventListener("close", () => this.close());
        this.#watchFor(openMs ?? MAX_REPLY_MS);
    }
    /**
     * Sends a message. Call it only once the connection is open; after its close, it does nothing. A socket that can't
     * be used, as one that another request of a Worker has opened, is closed.
     */
    send(text) {
        if (this.#isClosed)
            return;
        try {
            this.#socket.send(text);
        }
        catch {
            this.close();
        }
    }
    /** Closes the connection. Doing it again does nothing. */
    close() {
        if (this.#isClosed)
            return;
        this.#isClosed = true;
        this.#watchdog?.stop();
        try {
            this.#socket.close();
        }
        catch {
            // It can't even be closed.
        }
        this.#events.onClose();
    }
    #received(text) {
        if (this.#isClosed)
            return;
        this.#heard();
        if (text !== PONG)
            this.#events.onText(text);
    }
    #heard() {
        this.#isAwaitingReply = false;
        this.#watchFor(this.#silenceMs);
    }
    #watchFor(silenceMs) {
        this.#watchdog?.stop();
        this.#watchdog = new Watchdog(silenceMs, () => {
            if (this.#isAwaitingReply) {
                // Some implementations wait for the other side to confirm the close, and it is gone.
                this.close();
                return;
            }
            this.#isAwaitingReply = true;
            this.send(PING);
            if (!this.#isClosed)
                this.#watchFor(MAX_REPLY_MS);
        });
    }
}
