/** `Accept` header that asks for a stream only if the request has to wait, and a plain answer otherwise. */
export const STREAM_IF_QUEUED = "text/event-stream, application/json";
