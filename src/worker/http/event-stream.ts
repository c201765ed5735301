/** Server-sent events (the HTML standard, section 9.2): who asks for them, and how they are written. */
import { STREAM_IF_QUEUED } from "../../protocol/acquire-bodies.ts";
import { isNamed } from "./accept.ts";
import { COMMON_FIELDS } from "../../answers/common-fields.ts";

const EVENT_STREAM = "text/event-stream";
const JSON_TYPE = "application/json";

/** The field that an `EventSource` sends when it comes back, and the last `id` that it was given. */
const LAST_EVENT_ID = "Last-Event-ID";
/** The `id` of the event that is the last. */
const LAST_ID = "settled";

/** What a field must contain. Nearly every request names some type, so this has to be cheap. */
const MENTIONED = /event-stream/i;

/** What keeps a connection busy, and tells whether it still leads to somebody. Clients skip it. */
export const HEARTBEAT = ":\n\n";

/** How an acquire is answered: at its end, by a stream from the start on, or by a stream once it waits. */
export type AnswerForm = "plain" | "stream" | "stream-if-queued";

/**
 * The form that a request asks for. One that names event streams and JSON gets whichever is right; a client
 * that takes anything gets the plain answer. Costs a plain acquire under half a microsecond, of which reading
 * the field is half.
 */
export function answerFormOf(headers: Headers): AnswerForm {
  const accepted = headers.get("Accept");
  // What this project's client sends.
  if (accepted === STREAM_IF_QUEUED) return "stream-if-queued";
  if (accepted === null || !MENTIONED.test(accepted)) return "plain";
  if (!isNamed(accepted, EVENT_STREAM)) return "plain";
  return isNamed(accepted, JSON_TYPE) ? "stream-if-queued" : "stream";
}

/**
 * Whether the sender has had its last event. An `EventSource` asks again whenever a stream ends, until it
 * is closed or answered `204`: one that nobody closes would take a token every few seconds, for ever.
 */
export function hasHadLastEvent(headers: Headers): boolean {
  return headers.get(LAST_EVENT_ID) === LAST_ID;
}

/** The answer to one that has: it is not to ask again. */
export function noMoreEvents(): Response {
  return new Response(null, { status: 204, headers: COMMON_FIELDS });
}

/** An event. @param data One line. */
export function eventText(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}

/** An event after which there is none. */
export function lastEventText(name: string, data: string): string {
  return `id: ${LAST_ID}\n${eventText(name, data)}`;
}

/** The response whose body is a stream of such texts. */
export function eventStreamResponse(events: ReadableStream<Uint8Array>): Response {
  const headers = {
    ...COMMON_FIELDS,
    "Content-Type": EVENT_STREAM,
    // nginx and its kin would gather the events up.
    "X-Accel-Buffering": "no",
  };
  return new Response(events, { headers });
}
