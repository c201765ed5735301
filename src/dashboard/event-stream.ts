/** Server-sent events out of a response that was fetched: as `EventSource`, which can send no token. */
import { EventStreamParser, type ServerEvent } from "../client/event-stream.ts";

/** The events of `body`, as they come. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventStreamParser();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield* parser.push(decoder.decode(value, { stream: true }));
  }
}
