/** What an API says about its limit in one answer. */
export interface UpstreamAdvice {
    /**
     * Whether the API has refused this request because there were too many. Default: true if
     * `remaining` is left out.
     */
    readonly isRefusal?: boolean;
    /** Requests it still accepts before `pauseMs` is over; ignored for a refusal. */
    readonly remaining?: number;
    /**
     * Time from now until it accepts more, in milliseconds; a paced fetch cuts it to its
     * `maxPauseMs`. Left out, or 0, if a refusal doesn't say.
     */
    readonly pauseMs?: number;
    /** Shortest pause the API asks for if a refusal doesn't say for how long, in milliseconds. */
    readonly minPauseMs?: number;
    /** Whether a refused request may be retried. Left out if the API leaves it to the caller. */
    readonly retry?: boolean;
    /**
     * Name of the API's quota that this is about, as in the option `quotas` of a paced fetch. Default:
     * none, which stands for the bucket's first limit.
     */
    readonly quota?: string;
}
/** The part of a `Response` that is read. */
export type UpstreamAnswer = Pick<Response, "status" | "headers">;
/**
 * Reads what a response says about the rate limit of the API that sent it; `undefined` if it says
 * nothing. Only status and headers are read.
 *
 * It is a refusal with status 429 or 529; with 503 and a `Retry-After` or `X-Should-Retry: true`;
 * and with 403, as GitHub answers, and a `Retry-After` or an exhausted quota. In a refusal,
 * `Retry-After` takes precedence over every reset, and only the resets of exhausted quotas count,
 * the latest of them. In any other answer, an exhausted quota takes precedence over all others,
 * then the quota with the fewest requests remaining; quotas of anything but requests count only
 * when exhausted. Headers of a cached response (`Age` over 0) are stale and ignored, except in a
 * refusal.
 *
 * @param nowMs When the response arrived, epoch milliseconds. Used only for dates, and only if the
 * response has no `Date`.
 *
 * @example
 * readUpstreamAdvice(new Response(null, { status: 429, headers: { "Retry-After": "5" } }), Date.now());
 * // { isRefusal: true, remaining: 0, pauseMs: 5000 }
 */
export declare function readUpstreamAdvice(answer: UpstreamAnswer, nowMs: number): UpstreamAdvice | undefined;
/** What an API says about one limit. */
export interface LimitAdvice {
    /** `undefined` for quotas that stand for no limit in particular. */
    readonly limit: string | undefined;
    readonly advice: UpstreamAdvice;
}
/**
 * As `readUpstreamAdvice`, for each limit separately. A refusal is about the limits whose quotas are
 * exhausted, or about no limit in particular (`undefined`) if none is. Counts of a quota that stands
 * for a limit are in that limit's unit, so they matter even if they aren't exhausted.
 *
 * @param limitOf The limit that a quota stands for, by the quota's lower-case name; `undefined` if
 * it stands for none.
 */
export declare function readAdviceByLimit({ status, headers }: UpstreamAnswer, nowMs: number, limitOf: (quota: string) => string | undefined): readonly LimitAdvice[];
