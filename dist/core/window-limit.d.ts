/**
 * `limit = "100/1m"` with `burst = 10`: at most 100 tokens in any minute, 10 of them at once. It stands for
 * the numbers of a token bucket, and nothing but those is kept.
 *
 * **Which numbers.** In any window of length T, a bucket grants at most
 * `capacity + refillTokens × ticks`, with `ticks = floor(T / refillIntervalMs) + 1`: it may be full as the
 * window begins, and so many ticks can fall into it. The capacity is the burst. What is left of the limit,
 * `spare = limit - burst`, goes to the ticks: `refillTokens × ticks <= spare`. Of all whole numbers within
 * their ranges for which that holds, these are the ones that leave the least of the limit unused, and of
 * those that leave equally little, the ones with the shortest interval and so the smallest tick.
 *
 * **Why small ticks.** A tick that finds no room for all of its tokens loses some. Ticks of one token never
 * do while somebody waits. Ticks of the whole burst do whenever what waits doesn't divide it: with ticks of
 * 10 into a bucket of 10, callers who take 6 get 6 of each tick, and lose 40 % of the limit. What larger
 * ticks are good for is that fewer of them fall into the window, so that rounding the interval up to whole
 * milliseconds costs less. Hence they are taken where that leaves room for one token more, and not else.
 *
 * **No tick is larger than the burst**: the rest of it would always be lost.
 *
 * **The search** goes through pairs of ticks and tokens per tick, from the shortest possible interval to
 * longer ones. Each step takes as many tokens per tick as `spare` allows, and then the shortest interval
 * that allows one more. Nothing better is skipped. Let `r` and `i` be any pair that is possible. Of the
 * pairs visited, take the first whose tokens per tick are at least `r`. Its interval is the shortest that
 * allows a number above the one before it, which is at most `r`. So it isn't longer than `i`, as many ticks
 * or more fall into the window, and at least as much is granted in it.
 *
 * Each step has more tokens per tick and fewer ticks than the one before. As their product is at most
 * `spare`, one of the two is at most its square root, so there are at most `2 × sqrt(spare)` steps, and
 * likewise `2 × sqrt(T)`: at most 20,000 for a day, and 360,000 for the longest window. Most limits need a
 * few.
 */
import type { FieldWords } from "./fields.ts";
import type { TokenBucketFields } from "./limits/token-bucket-fields.ts";
import type { FieldFault } from "./values.ts";
/** The fields that stand for those of a token bucket. */
export interface WindowLimitFields {
    /** Tokens per window, such as `100/1m`. */
    readonly limit: string;
    /** Default: a tenth of the limit, at least 1. */
    readonly burst?: number;
}
/** What people read of each field. */
export declare const windowLimitWords: FieldWords<keyof WindowLimitFields>;
/** What a limit looks like: tokens, a slash, and a duration. */
export declare const WINDOW_LIMIT: RegExp;
/** At most so many tokens in any window of that length, and so many of them at once. */
export interface WindowLimit {
    readonly tokens: number;
    readonly windowMs: number;
    readonly burst: number;
}
/** A limit and the token bucket that it stands for, or what is wrong with it. */
export type WindowLimitCheck = {
    readonly ok: true;
    readonly limit: WindowLimit;
    readonly fields: TokenBucketFields;
} | {
    readonly ok: false;
    readonly fault: FieldFault;
};
/**
 * Checks a limit as it was written, and finds its token bucket.
 *
 * @param burst `undefined` for the default.
 * @param prefix What messages put in front of each name, such as `limits.tpm.`.
 */
export declare function checkWindowLimit(limit: unknown, burst: unknown, prefix?: string): WindowLimitCheck;
/**
 * The token bucket that grants as much of the limit as whole tokens and milliseconds allow, and never
 * more; `undefined` if even one token a tick, at the longest interval, is more.
 */
export declare function tokenBucketOf({ tokens, windowMs, burst: capacity, }: WindowLimit): TokenBucketFields | undefined;
/**
 * What a limit stands for, in one line.
 *
 * @example
 * showWindowLimit({ tokens: 100, windowMs: 60_000, burst: 10 }, fields);
 * // limit 100/1m, burst 10 = capacity 10, refillTokens 1, refillIntervalMs 667, initialTokens 10
 */
export declare function showWindowLimit(limit: WindowLimit, fields: TokenBucketFields): string;
