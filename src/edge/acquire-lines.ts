/**
 * What the object answers a streamed acquire with: lines, each a JSON text. First the places of the
 * request while it waits, then what came of it, and the end. Lines that end without an outcome were
 * broken off with the object.
 *
 * They are not the events that the client gets. The Worker makes these, because only it goes on when the
 * object is reset; and a place that the client has been told already, it does not tell again.
 */
import type { HeldPlace } from "../protocol.ts";

/** The plain answer: its body as it would be sent. */
interface PlainOutcome {
  readonly status: number;
  readonly body: string;
}

type Line =
  | { readonly kind: "place"; readonly place: HeldPlace }
  | { readonly kind: "outcome"; readonly outcome: PlainOutcome };

/** Who wants to know of the places of a request. */
export interface PlaceFollower {
  readonly tell: (place: HeldPlace) => void;
  /** Aborts when the caller leaves. */
  readonly signal: AbortSignal;
}

/** The line that tells a place. */
export function placeLine(place: HeldPlace): string {
  return encode({ kind: "place", place });
}

/** The line that tells what came of it: the plain `response`, whose fields are left behind. */
export async function outcomeLine(response: Response): Promise<string> {
  const { status } = response;
  return encode({ kind: "outcome", outcome: { status, body: await response.text() } });
}

/**
 * Sends a streamed acquire to the object and tells `follower` its places. Resolves with the plain answer;
 * rejects where the lines break off before it, and with the signal's reason where the caller leaves.
 */
export async function followLines(
  object: Pick<Fetcher, "fetch">,
  url: string,
  follower: PlaceFollower,
): Promise<Response> {
  const { signal, tell } = follower;
  const response = await object.fetch(url, { signal });
  const reader = response.body?.getReader();
  const cancel = (): void => void reader?.cancel(signal.reason).catch(() => undefined);
  signal.addEventListener("abort", cancel, { once: true });
  const decoder = new TextDecoder();
  let begun = "";
  for (;;) {
    const piece = await reader?.read();
    signal.throwIfAborted();
    if (!piece || piece.done) throw new Error("The bucket's lines broke off");
    const lines = (begun + decoder.decode(piece.value, { stream: true })).split("\n");
    begun = lines.pop() ?? "";
    for (const text of lines) {
      const line: Line = JSON.parse(text);
      if (line.kind === "outcome") {
        signal.removeEventListener("abort", cancel);
        return new Response(line.outcome.body, { status: line.outcome.status });
      }
      tell(line.place);
    }
  }
}

function encode(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}
