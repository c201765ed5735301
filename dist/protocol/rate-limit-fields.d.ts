/** What the `RateLimit` and `RateLimit-Policy` fields of an answer say about the bucket. */
export interface RateLimitState {
    /** The policy's name. */
    readonly policy: string;
    readonly capacity: number;
    /** Time in which an empty bucket fills: whole seconds, rounded up. */
    readonly windowSeconds: number;
    /** Tokens in the bucket at the time of the answer. */
    readonly remaining: number;
    /** Time until the next tick: whole seconds, rounded up. Absent if the bucket is full. */
    readonly resetSeconds?: number;
    /** The same of the bucket's further limits, in order; absent if there are none. */
    readonly others?: readonly RateLimitState[];
}
/** Whole seconds, never too few. */
export declare function ceilSeconds(durationMs: number): number;
/** Both fields, as they are written. */
type RateLimitFields = Record<"RateLimit" | "RateLimit-Policy", string>;
/**
 * Both fields: `q` is the capacity, `w` the window, `r` the tokens that remain, `t` the reset. Lists of one item
 * for each limit.
 */
export declare function rateLimitFields(state: RateLimitState): RateLimitFields;
export {};
