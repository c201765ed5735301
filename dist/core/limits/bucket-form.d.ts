/**
 * What makes a token bucket of one kind or another: how much each tick brings, and when it falls. Everything
 * else is in token-bucket.ts.
 */
import type { Grid } from "./grid.ts";
/** What the fields of each form say. */
export interface BucketFields {
    readonly capacity: number;
    readonly initialTokens: number;
}
/** What a bucket is made from beside its fields. */
interface BucketOrigin {
    readonly startedAtMs: number;
    /** The last instant that counts, epoch milliseconds. */
    readonly reachedAtMs: number;
    /** The last tick added, if that is known. */
    readonly tick?: number;
}
/** How the fields of a kind make a token bucket: what each tick brings, and when it falls. */
export interface BucketForm<Fields extends BucketFields> {
    /** The kind's name. */
    readonly name: string;
    /** Whether a tick may fall on another instant one day, so that states have to say when the last one fell. */
    readonly isMovable: boolean;
    /**
     * Whether what a pause holds back is put aside until its end; if not, it is lost. Needs ticks that are
     * movable: the end of a pause moves the last one, so that what was aside isn't there before it.
     */
    readonly isKeptInPause: boolean;
    refillTokensOf(fields: Fields): number;
    gridOf(fields: Fields, origin: BucketOrigin): Grid;
    /** Whether ticks of both are on the same grid. */
    haveSameGrid(one: Fields, other: Fields): boolean;
}
export {};
