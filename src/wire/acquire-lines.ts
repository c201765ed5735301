/**
 * How the object answers a streamed acquire that has to wait: with lines, each a JSON text. They report the
 * positions of the request and then its outcome. Lines that end without an outcome broke off with the object.
 * A request that does not have to wait gets the plain answer, at the cost of a plain acquire.
 *
 * These are not the events that the client gets. The Worker makes those, because only the Worker goes on when
 * the object is reset, and it does not repeat a position that the client already knows.
 */
import type { HeldPlace } from "./held-place.ts";

import { isRecord } from "../core/is-record.ts";
import { jsonText } from "../protocol/text.ts";

/** The plain answer: its body as it would be sent, and the header fields that a client reads. */
interface PlainOutcome {
  readonly status: number;
  readonly body: string;
  readonly fields: LimitFields;
}

/** The `RateLimit` fields of an answer, if it has any. */
export type LimitFields = Readonly<Record<string, string>>;

/** Status of a response made of lines; no plain answer has it. */
const LINES_STATUS = 202;

type Line =
  | { readonly kind: "place"; readonly place: HeldPlace }
  | { readonly kind: "outcome"; readonly outcome: PlainOutcome };

/** Follows the positions of a request. */
export interface PlaceFollower {
  readonly moved: (place: HeldPlace) => void;
  /** Aborts when the caller leaves. */
  readonly signal: AbortSignal;
}

/** The lines broke off. To the Worker this is the same as a call whose object was reset. */
class BrokenLinesError extends Error {
  override readonly name = "BrokenLinesError";
  readonly durableObjectReset = true;

  constructor(cause?: unknown) {
    // The cause says why, as it does for a call that is not streamed.
    super(isRecord(cause) ? String(cause["message"]) : "The stream from the bucket broke off", {
      cause,
    });
  }
}

/** The line that reports a position. */
export function placeLine(place: HeldPlace): string {
  return jsonText({ kind: "place", place } satisfies Line);
}

/** The line that reports the outcome: the plain `response`. */
export async function outcomeLine(response: Response): Promise<string> {
  const { status } = response;
  const fields = limitFieldsOf(response);
  const outcome = { status, fields, body: await response.text() };
  return jsonText({ kind: "outcome", outcome } satisfies Line);
}

/** The response whose body is a stream of these lines. */
export function linesResponse(lines: ReadableStream<Uint8Array>): Response {
  return new Response(lines, { status: LINES_STATUS });
}

/** The `RateLimit` fields of an answer. */
export function limitFieldsOf({ headers }: Response): LimitFields {
  const names = ["RateLimit", "RateLimit-Policy"];
  return Object.fromEntries(
    names.flatMap((name) => {
      const text = headers.get(name);
      return text === null ? [] : [[name, text]];
    }),
  );
}

/**
 * Sends a streamed acquire to the object and reports its positions to `follower`. Resolves with the plain
 * answer, which has only its `RateLimit` fields left if the request had to wait. Rejects with a
 * `BrokenLinesError` if the lines break off before the outcome, and with the signal's reason if the caller
 * leaves or `timeUp` aborts.
 */
export async function followLines(
  object: Pick<Fetcher, "fetch">,
  url: string,
  { signal: leaving, moved }: PlaceFollower,
  timeUp?: AbortSignal,
): Promise<Response> {
  const signal = timeUp ? AbortSignal.any([leaving, timeUp]) : leaving;
  const response = await object.fetch(url, { signal });
  if (response.status !== LINES_STATUS) return response;
  const reader = response.body?.getReader();
  const cancel = (): void => void reader?.cancel(signal.reason).catch(() => undefined);
  signal.addEventListener("abort", cancel, { once: true });
  const decoder = new TextDecoder();
  let begun = "";
  for (;;) {
    const piece = await reader?.read().catch((cause: unknown) => new BrokenLinesError(cause));
    signal.throwIfAborted();
    if (!piece) throw new BrokenLinesError();
    if (piece instanceof BrokenLinesError) throw piece;
    if (piece.done) throw new BrokenLinesError();
    const lines = (begun + decoder.decode(piece.value, { stream: true })).split("\n");
    begun = lines.pop() ?? "";
    for (const text of lines) {
      const line: Line = JSON.parse(text);
      if (line.kind === "outcome") {
        signal.removeEventListener("abort", cancel);
        const { body, status, fields } = line.outcome;
        return new Response(body, { status, headers: fields });
      }
      moved(line.place);
    }
  }
}
