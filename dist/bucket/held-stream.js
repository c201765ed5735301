import { acquireResponse } from "../answers/acquire-response.js";
import { linesResponse, outcomeLine, placeLine } from "../wire/acquire-lines.js";
import { LatestStream } from "../wire/latest-stream.js";
/** The response to one streamed acquire. */
export class HeldStream {
    #storage;
    #response = undefined;
    #lines = undefined;
    #leave = undefined;
    #span = undefined;
    constructor(storage) {
        this.#storage = storage;
    }
    get response() {
        return (this.#response ??= linesResponse(this.#opened().readable));
    }
    waits(leave, span) {
        this.#leave = leave;
        this.#span = span;
    }
    answered(answer) {
        if (this.#lines)
            void this.#end(this.#lines, answer);
        else
            this.#response = acquireResponse(answer);
        this.#span?.settled(answer);
    }
    moved(place) {
        void this.#put(this.#opened(), place);
    }
    disconnected(reason) {
        this.#leave?.();
        this.#span?.cancelled();
        this.#opened().fail(reason);
    }
    handleEvent({ target }) {
        this.disconnected(target instanceof AbortSignal ? target.reason : undefined);
    }
    #opened() {
        return (this.#lines ??= new LatestStream((reason) => this.disconnected(reason)));
    }
    /** Waits until the grants that moved this place are on disk: a crash before that would move it back. */
    async #put(lines, place) {
        try {
            await this.#storage.sync();
            lines.put(placeLine(place));
        }
        catch (error) {
            lines.fail(error);
        }
    }
    async #end(lines, answer) {
        try {
            const line = await outcomeLine(acquireResponse(answer));
            // The runtime holds a response's head back until its state is on disk, but not the lines after it.
            await this.#storage.sync();
            lines.end(line);
        }
        catch (error) {
            lines.fail(error);
        }
    }
}
