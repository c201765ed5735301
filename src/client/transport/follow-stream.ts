/**
 * Following an acquire through the queue: the events of a streamed answer, up to the outcome.
 *
 * The service sends a byte a second at least, so silence is told from waiting. That is what a held
 * response without a stream cannot do.
 */
import type { Answer } from "./answer.ts";
import type { RateLimitState } from "../../protocol/rate-limit-fields.ts";
import type { Attempt } from "./retry.ts";

import { onAbort } from "../../on-abort.ts";
import { membersOf, parseJson, unexpectedAnswer } from "./answer.ts";
import { Deferred } from "./deferred.ts";
import { EventStreamParser, type ServerEvent } from "./event-stream.ts";
import { TransportError } from "./retry.ts";
import { readRateLimitState } from "../fields/rate-limit-state.ts";
import { Watchdog } from "./watchdog.ts";

/** Ten heartbeats: whoever has missed so many has gone. */
const MAX_SILENCE_MS = 10_000;

/** Where in the queue the caller stands, as `QueuedPlace`. */
interface Place {
  readonly position: number;
  readonly etaMs: number;
}

/**
 * Tells `onQueued` of each place and resolves with the outcome, as an answer that was not streamed would
 * say it. Rejects with what `onQueued` throws, or rejects with where it returns a promise: who cannot be
 * told has gone.
 *
 * @throws {TransportError} Where the stream ends without an outcome, breaks off or falls silent.
 */
export async function followStream(
  response: Response,
  onQueued: (place: Place) => unknown,
  { signal, showLife }: Attempt,
): Promise<Answer> {
  const { status } = response;
  const reader = response.body?.getReader();
  if (!reader) throw new TransportError({ detail: "The stream is empty", status });
  // Whatever has not been read is not wanted; a stream that is broken says so again.
  const leave = (): void => void reader.cancel().catch(() => undefined);
  // Not every fetch ends a body, whose head is here, with the signal.
  const stopListening = onAbort(signal, leave);
  const failed = new Deferred<never>();
  const watchdog = new Watchdog(MAX_SILENCE_MS, () => {
    const detail = `Nothing was heard for ${MAX_SILENCE_MS} ms`;
    failed.reject(new TransportError({ detail, isSilence: true }));
  });
  const heard = (): void => {
    watchdog.heard();
    showLife();
  };
  const tell = (event: ServerEvent): void => {
    const told = onQueued(placeIn(status, event));
    Promise.resolve(told).catch((error: unknown) => failed.reject(error));
  };
  try {
    return await Promise.race([readOutcome(reader, status, heard, tell), failed.promise]);
  } finally {
    watchdog.stop();
    stopListening();
    leave();
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Reads up to the outcome. */
async function readOutcome(
  reader: Reader,
  status: number,
  heard: () => void,
  tell: (event: ServerEvent) => void,
): Promise<Answer> {
  const decoder = new TextDecoder();
  const parser = new EventStreamParser();
  let rateLimit: RateLimitState | undefined;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new TransportError({ detail: "The stream broke off", cause });
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
      if (event.event === "queued") tell(event);
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

/** What the fields say that a plain answer would have had. */
function rateLimitIn(fields: unknown): RateLimitState | undefined {
  const members = membersOf(fields);
  return readRateLimitState({
    get: (name) => (typeof members[name] === "string" ? members[name] : null),
  });
}

function placeIn(status: number, { data }: ServerEvent): Place {
  const { position, etaMs } = membersOf(parseJson(data));
  if (typeof position === "number" && typeof etaMs === "number") return { position, etaMs };
  throw unexpectedAnswer(status, data);
}
