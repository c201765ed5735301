/**
 * The time that a request spent in the queue, as a span of the object's trace: from joining to settling. The
 * platform's own spans show that the object took long; this one shows that the object made a caller wait, and
 * how that ended. Only requests that wait have one, so an immediate grant has none.
 *
 * Two things are up to the runtime and can't be helped here (measured on workerd). It attributes a span to
 * the call that reached the object last, so if calls overlap the span may be in another call's trace; and if
 * a caller leaves, its trace ends before its span does. A span names its bucket, so it makes sense in any
 * trace.
 *
 * `sluice.policy` and `sluice.result` are called as in OpenTelemetry's conventions for the rate limiter of ASP.NET
 * Core, so a collector that counts spans by attributes makes metrics like theirs.
 *
 * Without tracing, only the span itself is created. A span that can't be created or ended never fails a
 * request.
 */
import type { AcquireCall } from "../wire/acquire-call.ts";
import type { AcquireAnswer } from "../answers/acquire-answer.ts";
/** The part of the platform's span that is used. */
export interface SpanLike {
    readonly isTraced: boolean;
    setAttribute(key: string, value: boolean | number | string): unknown;
    end(): void;
}
/** Creates spans: `tracing` of `cloudflare:workers`. */
export interface Tracer {
    /** Not in every runtime that Sluice runs on: workerd 1.20260426, that of wrangler 4.86, lacks it. */
    startSpan?(name: string): SpanLike;
}
/** One request in the queue, as a span. */
export declare class QueueSpan {
    #private;
    /**
     * @param position The request's place on arrival, from 1; 0 if it has none yet or returns to an old one.
     */
    constructor(tracer: Tracer, call: AcquireCall, position: number);
    /** The request got `answer`. */
    settled(answer: AcquireAnswer): void;
    /** Its caller has left. */
    cancelled(): void;
}
