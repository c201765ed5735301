/** What `Accept` must contain. Nearly every request lists some type, so this check has to be cheap. */
export declare const MENTIONS_EVENTS: RegExp;
/** Keeps a connection busy, and shows whether anyone still reads it. Clients skip it. */
export declare const HEARTBEAT = ":\n\n";
/** How an acquire is answered: at its end, by a stream from the start, or by a stream once it waits. */
export type AnswerForm = "plain" | "stream" | "stream-if-queued";
/**
 * The form that a request asks for. One that lists event streams and JSON gets whichever fits; a client that
 * accepts anything gets the plain answer. Costs a plain acquire under half a microsecond, half of which is
 * reading the header.
 */
export declare function answerFormOf(headers: Headers): AnswerForm;
/**
 * Whether the sender has had its last event. An `EventSource` reconnects whenever a stream ends, until it is
 * closed or gets a `204`: one that is never closed would take a token every few seconds, forever.
 */
export declare function hasHadLastEvent(headers: Headers): boolean;
/** The answer in that case, which stops an `EventSource` from reconnecting. */
export declare function noMoreEvents(): Response;
/** An event. @param data One line. */
export declare function eventText(name: string, data: string): string;
/** The last event of a stream. */
export declare function lastEventText(name: string, data: string): string;
/** The response whose body is a stream of events. */
export declare function eventStreamResponse(events: ReadableStream<Uint8Array>): Response;
