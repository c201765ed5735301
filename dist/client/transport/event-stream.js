/**
 * Parses `text/event-stream` (the event stream format of the HTML standard) as far as Sluice uses
 * it: events with data, and comments sent as heartbeats. `id` and `retry` are ignored, because an
 * interrupted stream is resumed with its idempotency key.
 */
/**
 * Longest event in characters, a hundred times what Sluice sends: anything longer doesn't come from
 * Sluice.
 */
const MAX_EVENT_LENGTH = 64 * 1024;
/**
 * Takes the text of a stream in chunks, split anywhere, and returns the events completed so far.
 * The decoder must remove a byte order mark, as `TextDecoder` does.
 *
 * @example
 * const parser = new EventStreamParser();
 * parser.push("event: queued\r"); // []
 * parser.push('\ndata: {"position":1}\n\n'); // [{ event: "queued", data: '{"position":1}' }]
 */
export class EventStreamParser {
    /** The incomplete last line. */
    #rest = "";
    #event = "";
    #data = [];
    #length = 0;
    /**
     * Whether the last chunk ended in a carriage return: a newline after it belongs to the same line
     * end.
     */
    #isAfterReturn = false;
    /** @throws {RangeError} If an event has more than 65,536 characters. */
    push(text) {
        if (text === "")
            return [];
        const piece = this.#isAfterReturn && text.startsWith("\n") ? text.slice(1) : text;
        this.#isAfterReturn = text.endsWith("\r");
        const [first = "", ...others] = piece.split(/\r\n|\r|\n/);
        const lines = [this.#rest + first, ...others];
        this.#rest = lines.pop() ?? "";
        const events = lines.flatMap((line) => this.#take(line) ?? []);
        this.#checkLength(this.#rest.length);
        return events;
    }
    #take(line) {
        if (line === "")
            return this.#dispatch();
        const colon = line.indexOf(":");
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (field === "event")
            this.#event = value;
        if (field === "data") {
            this.#data.push(value);
            this.#length += value.length + 1;
            this.#checkLength(0);
        }
        return undefined;
    }
    #checkLength(more) {
        if (this.#length + more <= MAX_EVENT_LENGTH)
            return;
        throw new RangeError(`An event must have at most ${MAX_EVENT_LENGTH} characters`);
    }
    #dispatch() {
        const event = this.#event || "message";
        const data = this.#data;
        this.#event = "";
        this.#data = [];
        this.#length = 0;
        return data.length === 0 ? undefined : { event, data: data.join("\n") };
    }
}
