/**
 * The time that a request stood in the queue, as a span of the object's trace: from joining to settling.
 * The platform's own spans tell that the object took long; this one tells that it made a caller wait, and
 * how that ended. It is made for those who wait only, so a grant on the spot has none.
 *
 * Two things are the runtime's, and cannot be helped here (measured on workerd). It lays a span to the call
 * that reached the object last, so where calls overlap it may stand in the trace of another one; and where
 * a caller leaves, its trace ends before its span does. What a span says names the bucket, so it can be read
 * wherever it stands.
 *
 * Where nobody traces, nothing but the span itself is made. A span that cannot be made or ended is no
 * reason to fail a request.
 */
import type { AcquireCall } from "../wire/acquire-call.ts";
import type { AcquireAnswer } from "../answers/acquire-answer.ts";

/** As the platform's, as far as it is used. */
export interface SpanLike {
  readonly isTraced: boolean;
  setAttribute(key: string, value: boolean | number | string): unknown;
  end(): void;
}

/** What makes spans: `tracing` of `cloudflare:workers`. */
export interface Tracer {
  startSpan(name: string): SpanLike;
}

/** One request in the queue, as a span. */
export class QueueSpan {
  /** Until it has ended: a caller may leave once it has been told. */
  #span: SpanLike | undefined;

  /** @param position Its place at arrival, from 1; 0 where it has none yet, or goes back to an old one. */
  constructor(tracer: Tracer, call: AcquireCall, position: number) {
    this.#span = attempt(() => {
      const span = tracer.startSpan("queued");
      if (!span.isTraced) return undefined;
      span.setAttribute("sluice.bucket", call.bucket);
      span.setAttribute("sluice.policy", call.policy.name);
      span.setAttribute("sluice.tokens", call.tokens);
      if (position > 0) span.setAttribute("sluice.position", position);
      return span;
    });
  }

  /** The request has been told `answer`. */
  settled(answer: AcquireAnswer): void {
    this.#end(outcomeOf(answer));
  }

  /** Its caller has left. */
  cancelled(): void {
    this.#end("cancelled");
  }

  #end(outcome: string): void {
    const span = this.#span;
    this.#span = undefined;
    if (!span) return;
    attempt(() => {
      span.setAttribute("sluice.outcome", outcome);
      span.end();
    });
  }
}

function outcomeOf(answer: AcquireAnswer): string {
  if (answer.kind !== "outcome") return answer.kind;
  return answer.outcome.ok ? "granted" : answer.outcome.reason;
}

function attempt<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch (error) {
    console.error("Cannot trace a request in the queue", error);
    return undefined;
  }
}
