/**
 * What the object answers a streamed acquire with where it has to wait: lines, each a JSON text. First the
 * places of the request, then what came of it, and the end. Lines that end without an outcome were broken off
 * with the object. One that does not have to wait gets the plain answer, which costs a plain acquire.
 *
 * They are not the events that the client gets. The Worker makes these, because only it goes on when the
 * object is reset; and a place that the client has been told already, it does not tell again.
 */
import type { HeldPlace } from "./held-place.ts";

import { isRecord } from "../core/is-record.ts";

/** The plain answer: its body as it would be sent, and of its fields those that a client reads. */
interface PlainOutcome {
  readonly status: number;
  readonly body: string;
  readonly fields: LimitFields;
}

/** The `RateLimit` fields of an answer, where it has them. */
export type LimitFields = Readonly<Record<string, string>>;

/** Status of a response of lines: no plain answer has it. */
const LINES_STATUS = 202;

type Line =
  | { readonly kind: "place"; readonly place: HeldPlace }
  | { readonly kind: "outcome"; readonly outcome: PlainOutcome };

/** Who wants to know of the places of a request. */
export interface PlaceFollower {
  readonly moved: (place: HeldPlace) => void;
  /** Aborts when the caller leaves. */
  readonly signal: AbortSignal;
}

/** The object went while it told of a request: to the Worker the same as a call that was reset. */
class BrokenLinesError extends Error {
  override readonly name = "BrokenLinesError";
  readonly durableObjectReset = true;

  constructor(cause?: unknown) {
    // The cause says why, as it would have where nothing was streamed.
    super(isRecord(cause) ? String(cause["message"]) : "The bucket's lines broke off", { cause });
  }
}

/** The line that tells a place. */
export function placeLine(place: HeldPlace): string {
  return encode({ kind: "place", place });
}

/** The line that tells what came of it: the plain `response`. */
export async function outcomeLine(response: Response): Promise<string> {
  const { status } = response;
  const fields = limitFieldsOf(response);
  return encode({ kind: "outcome", outcome: { status, fields, body: await response.text() } });
}

/** The response whose body is a stream of such lines. */
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
 * Sends a streamed acquire to the object and tells `follower` its places. Resolves with the plain answer, of
 * whose fields only the `RateLimit` ones are left where it had to wait; rejects with a `BrokenLinesError`
 * where the lines break off before it, and with the signal's reason where the caller leaves or `timeUp`
 * aborts.
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

function encode(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}
