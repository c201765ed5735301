/** What each number may be. */
export const tokenBucketFields = {
    /**
     * Sums over 10,000 waiters stay far below 2^53, so all arithmetic with tokens and ticks is exact. Instants
     * may go beyond it: see `Limit.msUntil`.
     */
    capacity: { min: 1, max: 1_000_000_000 },
    /** May exceed the capacity: a tick's surplus is dropped. */
    refillTokens: { min: 1, max: 1_000_000_000 },
    /** From 10 ms, about the best a timer can do, to a day. */
    refillIntervalMs: { min: 10, max: 86_400_000 },
    /** By default as if the first tick fell on the start. */
    initialTokens: {
        min: 0,
        max: 1_000_000_000,
        atMost: "capacity",
        default: { minOf: ["capacity", "refillTokens"] },
    },
};
/** What people read of each number. */
export const tokenBucketWords = {
    capacity: { unit: "tokens", description: "Maximum number of tokens in the bucket" },
    refillTokens: { unit: "tokens", description: "Tokens added by each tick" },
    refillIntervalMs: {
        unit: "milliseconds",
        description: "Time between two ticks, in milliseconds",
    },
    initialTokens: { unit: "tokens", description: "Tokens in a new bucket, at most the capacity" },
};
