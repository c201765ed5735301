/**
 * A stream of text for a reader that may be slow, or may never read: what it has not read yet is not queued
 * but replaced by the next piece. However long the reader pauses, no more than one piece and the last one are
 * kept for it.
 *
 * Nothing is produced before the reader asks, and each piece is handed over whole.
 */
/** A stream whose reader always gets the latest piece of text. */
export class LatestStream {
    readable;
    #unread = "";
    #hasEnded = false;
    #failure = undefined;
    /** Answers the reader's pending request, if there is one. */
    #answer = undefined;
    /** @param onCancel Called if the reader leaves before the end. */
    constructor(onCancel) {
        const encoder = new TextEncoder();
        const source = {
            pull: async (controller) => {
                if (!this.hasUnread) {
                    await new Promise((resolve) => {
                        this.#answer = resolve;
                    });
                }
                if (this.#failure) {
                    controller.error(this.#failure.error);
                    return;
                }
                const piece = this.#unread;
                this.#unread = "";
                if (piece !== "")
                    controller.enqueue(encoder.encode(piece));
                if (this.#hasEnded)
                    controller.close();
            },
            cancel: (reason) => {
                const isEarly = !this.#hasEnded && !this.#failure;
                this.#hasEnded = true;
                if (isEarly)
                    onCancel(reason);
            },
        };
        this.readable = new ReadableStream(source, { highWaterMark: 0 });
    }
    /** Whether the reader has not yet read everything, including the end. */
    get hasUnread() {
        return this.#unread !== "" || this.#hasEnded || this.#failure !== undefined;
    }
    /** Replaces what has not been read. Does nothing once the stream has ended. */
    put(piece) {
        if (this.#hasEnded || this.#failure)
            return;
        this.#unread = piece;
        this.#wakeReader();
    }
    /** Adds the last piece to what has not been read, and ends the stream. */
    end(piece) {
        if (this.#hasEnded || this.#failure)
            return;
        this.#unread += piece;
        this.#hasEnded = true;
        this.#wakeReader();
    }
    /** Ends the stream with an error. */
    fail(error) {
        if (this.#hasEnded || this.#failure)
            return;
        this.#failure = { error };
        this.#wakeReader();
    }
    #wakeReader() {
        this.#answer?.();
        this.#answer = undefined;
    }
}
