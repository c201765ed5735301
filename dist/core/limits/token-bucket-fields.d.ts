/** What a policy says of a token bucket. */
import type { FieldWords } from "../fields.ts";
/** The numbers of a token bucket, complete. */
export interface TokenBucketFields {
    readonly capacity: number;
    readonly refillTokens: number;
    readonly refillIntervalMs: number;
    readonly initialTokens: number;
}
/** What each number may be. */
export declare const tokenBucketFields: {
    /**
     * Sums over 10,000 waiters stay far below 2^53, so all arithmetic with tokens and ticks is exact. Instants
     * may go beyond it: see `Limit.msUntil`.
     */
    readonly capacity: {
        readonly min: 1;
        readonly max: 1000000000;
    };
    /** May exceed the capacity: a tick's surplus is dropped. */
    readonly refillTokens: {
        readonly min: 1;
        readonly max: 1000000000;
    };
    /** From 10 ms, about the best a timer can do, to a day. */
    readonly refillIntervalMs: {
        readonly min: 10;
        readonly max: 86400000;
    };
    /** By default as if the first tick fell on the start. */
    readonly initialTokens: {
        readonly min: 0;
        readonly max: 1000000000;
        readonly atMost: "capacity";
        readonly default: {
            readonly minOf: readonly ["capacity", "refillTokens"];
        };
    };
};
/** What people read of each number. */
export declare const tokenBucketWords: FieldWords<keyof TokenBucketFields>;
