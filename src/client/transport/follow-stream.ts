/**
 * Follows an acquire through the queue: reads the events of a streamed answer up to the outcome.
 *
 * The service sends at least one byte a second, so a broken connection can be told from a long
 * wait. A held response without a stream can't show the difference.
 */
import type { Answer, Place } from "./answer.ts";
import type { RateLimitState } from "../../protocol/rate-limit-fields.ts";
import type { Attempt } from "./retry.ts";

import { onAbort } from "../../on-abort.ts";
import { membersOf } from "../../core/is-record.ts";
import { parseJson, placeIn, rateLimitIn, unexpectedAnswer } from "./answer.ts";
import { Deferred } from "./deferred.ts";
import { EventStreamParser, type ServerEvent } from "./event-stream.ts";
import { TransportError } from "./transport-error.ts";
import { Watchdog } from "./watchdog.ts";

/** Ten heartbeats: after missing that many, the other side is gone. */
const MAX_SILENCE_MS = 10_000;

/**
 * Calls `onQueued` with each place and resolves with the outcome, in the form of an answer that was
 * not streamed. Rejects with whatever `onQueued` throws or rejects with: a caller that can't follow
 * its place has given up.
 *
 * @throws {TransportError} If the stream ends without an outcome, is cut off, or goes silent.
 */
export async function followStream(
  response: Response,
  onQueued: (place: Place) => unknown,
  { signal, showLife }: Attempt,
): Promise<Answer> {
  const { status } = response;
  const reader = response.body?.getReader();
  if (!reader) throw new TransportError({ detail: "The stream is empty", status });
  // The rest is not needed, and the error of a broken stream was already reported.
  const leave = (): void => void reader.cancel().catch(() => undefined);
  // Some `fetch` implementations ignore the signal once the head of the response has arrived.
  const stopListening = onAbort(signal, leave);
  const failed = new Deferred<never>();
  const watchdog = new Watchdog(MAX_SILENCE_MS, () => {
    const detail = `No data received for ${MAX_SILENCE_MS} ms`;
    failed.reject(new TransportError({ detail, isSilence: true }));
  });
  const heard = (): void => {
    watchdog.heard();
    showLife();
  };
  const showPlace = (event: ServerEvent): void => {
    const shown = onQueued(placeIn(status, parseJson(event.data)));
    Promise.resolve(shown).catch((error: unknown) => failed.reject(error));
  };
  try {
    return await Promise.race([readOutcome(reader, status, heard, showPlace), failed.promise]);
  } finally {
    watchdog.stop();
    stopListening();
    leave();
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Reads events until the outcome. */
async function readOutcome(
  reader: Reader,
  status: number,
  heard: () => void,
  showPlace: (event: ServerEvent) => void,
): Promise<Answer> {
  const decoder = new TextDecoder();
  const parser = new EventStreamParser();
  let rateLimit: RateLimitState | undefined;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new TransportError({ detail: "The stream was cut off", cause });
    });
    if (done) throw new TransportError({ detail: "The stream ended without an outcome", status });
    heard();
    for (const event of eventsIn(parser, decoder.decode(value, { stream: true }), status)) {
      const body = parseJson(event.data);
      if (event.event === "fields") rateLimit = rateLimitIn(body);
      if (event.event === "granted") return { status, body, rateLimit };
      if (event.event === "refused") {
        const { status: said } = membersOf(body);
        if (typeof said !== "number") throw unexpectedAnswer(status, body);
        return { status: said, body, rateLimit };
      }
      if (event.event === "queued") showPlace(event);
    }
  }
}

function eventsIn(parser: EventStreamParser, text: string, status: number): ServerEvent[] {
  try {
    return parser.push(text);
  } catch {
    throw unexpectedAnswer(status, text);
  }
}
