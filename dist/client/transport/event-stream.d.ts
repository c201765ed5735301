/**
 * Parses `text/event-stream` (the event stream format of the HTML standard) as far as Sluice uses
 * it: events with data, and comments sent as heartbeats. `id` and `retry` are ignored, because an
 * interrupted stream is resumed with its idempotency key.
 */
/** One event. */
export interface ServerEvent {
    /** "message" if the stream doesn't name the event. */
    readonly event: string;
    /** Lines of data, joined by newlines. */
    readonly data: string;
}
/**
 * Takes the text of a stream in chunks, split anywhere, and returns the events completed so far.
 * The decoder must remove a byte order mark, as `TextDecoder` does.
 *
 * @example
 * const parser = new EventStreamParser();
 * parser.push("event: queued\r"); // []
 * parser.push('\ndata: {"position":1}\n\n'); // [{ event: "queued", data: '{"position":1}' }]
 */
export declare class EventStreamParser {
    #private;
    /** @throws {RangeError} If an event has more than 65,536 characters. */
    push(text: string): ServerEvent[];
}
