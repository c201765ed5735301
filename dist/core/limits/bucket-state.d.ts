/** The state of a token bucket as it is written, and whether a bucket can be in it. */
import type { BucketFields, BucketForm } from "./bucket-form.ts";
import type { LentSum } from "./lent-tokens.ts";
import type { LimitState } from "./limit.ts";
/** The state of a bucket of any form: two counts, an epoch instant in milliseconds, and what is out. */
export interface BucketState extends LimitState {
    readonly startedAtMs: number;
    /** Number of the last tick added. */
    readonly tick: number;
    /** Below 0 if tokens of future ticks are out or owed. */
    readonly tokens: number;
    /** What is out, leases or not: its name since format 2. Absent if nothing is. */
    readonly leased?: readonly LentSum[];
    /**
     * Ticks up to and including this instant add nothing, epoch milliseconds. Absent if the bucket isn't
     * paused.
     */
    readonly pausedUntilMs?: number;
    /** What the pause has put aside until its end. Absent if that is nothing. */
    readonly pausedTokens?: number;
    /** When the last tick fell, epoch milliseconds. Absent if the fields and the start say so. */
    readonly reachedAtMs?: number;
}
/** The state of a token bucket. */
export interface TokenBucketState extends BucketState {
    readonly kind: "bucket";
}
/** Whether a state says that it is one of a token bucket; whether it is possible, is not looked at. */
export declare function isTokenBucketState(state: LimitState): state is TokenBucketState;
export declare function isStateOf<Fields extends BucketFields>(form: BucketForm<Fields>, state: LimitState): state is BucketState;
export declare function isPossible<Fields extends BucketFields>(form: BucketForm<Fields>, fields: Fields, state: BucketState): boolean;
