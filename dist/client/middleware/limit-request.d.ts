import type { AcquireOutcome, Granted, Refused } from "../acquire-outcome.ts";
import type { Client } from "../client.ts";
import type { OnError, Report } from "../fault-report.ts";
import { RequestPermit } from "../holds/request-permit.ts";
/** A value, or a function that returns it for a request. */
type Of<Context, Value> = Value | ((context: Context) => Value | Promise<Value>);
/** Options of `withRateLimit` and of Hono's `rateLimit`. */
export interface RateLimitOptions<Context> {
    /**
     * Name of the bucket: 1 to 128 characters of `A–Z a–z 0–9 . _ : @ / -`. If a function returns a
     * name with other characters, the part after its last legal colon is hashed; see `bucketName`.
     */
    readonly bucket: Of<Context, string>;
    /**
     * Tokens to take from each limit that `limits` doesn't name: 1 to the bucket's capacity, or 0
     * together with `limits`. Default: 1. If a function returns an illegal number, the request is
     * answered with 400.
     */
    readonly tokens?: Of<Context, number>;
    /**
     * Tokens to take from single limits of a bucket that has several, by the limit's name: 0 to the
     * limit's capacity. What a function returns is checked as for `tokens`. Default: `tokens` from
     * each.
     */
    readonly limits?: Of<Context, Readonly<Record<string, number>>>;
    /**
     * How long a request may wait for its tokens, in milliseconds, 0 to the policy's `maxWaitMs`.
     * Default: 0, which refuses it at once, as rate limiting middleware usually does. What a function
     * returns is checked as for `tokens`.
     */
    readonly waitMs?: Of<Context, number>;
    /** Whether to let a request pass without tokens. Default: never. */
    readonly skip?: (context: Context) => boolean | Promise<boolean>;
    /**
     * Produces the answer to a refused request. Default: the same problem document as Sluice's own,
     * see `refusalResponse`.
     */
    readonly onRefused?: (context: Context, refusal: Refused) => Response | Promise<Response>;
    /**
     * Called with the outcome of each request that was not skipped: before its handler, or in shadow
     * mode as soon as it is known.
     */
    readonly onOutcome?: (context: Context, outcome: AcquireOutcome) => void | Promise<void>;
    /**
     * Called with faults that the operator should know about: a callback that throws, a wrong token,
     * a bucket that no policy matches or that lacks a limit. Such a request is answered with 503, unless `onUnavailable` is
     * `"open"` and the fault is not in a callback. Default: `console.error`, at most once a minute
     * for each kind of fault.
     */
    readonly onError?: OnError | undefined;
    /**
     * Dry run: report outcomes without enforcing them. Each request takes its tokens in parallel with
     * its handler, as it would have taken them before, and `onOutcome` is called with the result: how
     * long it would have waited, or why it would have been refused. The request is not delayed, not
     * refused, and its answer carries no `RateLimit` fields, even if Sluice fails. Requires
     * `onOutcome`. Default: false.
     */
    readonly shadow?: Of<Context, boolean>;
}
/** A request, as the framework passes it to the rate limit. */
export interface LimitedRequest<Context> {
    readonly context: Context;
    readonly client: (context: Context) => Client;
    /** Aborts when the caller disconnects. */
    readonly signal?: AbortSignal | undefined;
    /** Keeps the runtime alive for this promise after the answer, if the runtime supports it. */
    readonly waitUntil: (promise: Promise<unknown>) => void;
    /** Reports faults that the operator should know about; see `onError`. */
    readonly report: Report;
}
/** Whether to call the handler. A permit must be given back after it; see `answerUnder`. */
export type Verdict = {
    readonly kind: "pass";
    readonly granted?: Granted;
    readonly permit?: RequestPermit | undefined;
} | {
    readonly kind: "answer";
    readonly response: Response;
};
/**
 * Checks the options once, before any request.
 *
 * @throws {RangeError} If the bucket or a number is out of range; the message names it.
 * @throws {TypeError} If an option has the wrong type, or `shadow` is used without `onOutcome`.
 */
export declare function checkRateLimitOptions<Context>(options: RateLimitOptions<Context>): void;
/**
 * Takes the tokens for a request, waiting for them if necessary. A caller that disconnects
 * meanwhile leaves the queue.
 *
 * @throws Whatever a callback throws as its answer: anything with a `getResponse` method, such as
 * Hono's `HTTPException`.
 */
export declare function limitRequest<Context>(limited: LimitedRequest<Context>, options: RateLimitOptions<Context>): Promise<Verdict>;
/**
 * Adds the `RateLimit` fields to a handler's answer, after those of other limits, because both
 * fields are lists. The result is a copy: the handler's response may come from `fetch`, with
 * immutable headers, or be reused. An answer that becomes a WebSocket is returned unchanged.
 */
export declare function withRateLimitFields(response: Response, { rateLimit }: Granted): Response;
export {};
