/** Server-sent events (the HTML standard, section 9.2): which requests ask for them, and their format. */
import { STREAM_IF_QUEUED } from "../../protocol/acquire-bodies.js";
import { isNamed } from "./accept.js";
import { COMMON_FIELDS } from "../../answers/common-fields.js";
const EVENT_STREAM = "text/event-stream";
const JSON_TYPE = "application/json";
/** The header with the last `id` that an `EventSource` received, sent when it reconnects. */
const LAST_EVENT_ID = "Last-Event-ID";
/** The `id` of the last event. */
const LAST_ID = "settled";
/** What `Accept` must contain. Nearly every request lists some type, so this check has to be cheap. */
export const MENTIONS_EVENTS = /event-stream/i;
/** Keeps a connection busy, and shows whether anyone still reads it. Clients skip it. */
export const HEARTBEAT = ":\n\n";
/**
 * The form that a request asks for. One that lists event streams and JSON gets whichever fits; a client that
 * accepts anything gets the plain answer. Costs a plain acquire under half a microsecond, half of which is
 * reading the header.
 */
export function answerFormOf(headers) {
    const accepted = headers.get("Accept");
    // What this project's client sends.
    if (accepted === STREAM_IF_QUEUED)
        return "stream-if-queued";
    if (accepted === null || !MENTIONS_EVENTS.test(accepted))
        return "plain";
    if (!isNamed(accepted, EVENT_STREAM))
        return "plain";
    return isNamed(accepted, JSON_TYPE) ? "stream-if-queued" : "stream";
}
/**
 * Whether the sender has had its last event. An `EventSource` reconnects whenever a stream ends, until it is
 * closed or gets a `204`: one that is never closed would take a token every few seconds, forever.
 */
export function hasHadLastEvent(headers) {
    return headers.get(LAST_EVENT_ID) === LAST_ID;
}
/** The answer in that case, which stops an `EventSource` from reconnecting. */
export function noMoreEvents() {
    return new Response(null, { status: 204, headers: COMMON_FIELDS });
}
/** An event. @param data One line. */
export function eventText(name, data) {
    return `event: ${name}\ndata: ${data}\n\n`;
}
/** The last event of a stream. */
export function lastEventText(name, data) {
    return `id: ${LAST_ID}\n${eventText(name, data)}`;
}
/** The response whose body is a stream of events. */
export function eventStreamResponse(events) {
    const headers = {
        ...COMMON_FIELDS,
        "Content-Type": EVENT_STREAM,
        // nginx and similar proxies would buffer the events.
        "X-Accel-Buffering": "no",
    };
    return new Response(events, { headers });
}
