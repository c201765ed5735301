/**
 * What a bucket has done since it started, as sums that only grow, so that a monitor can subtract one
 * reading from another: callers by what has become of them, the tokens granted, refusals by reason, and
 * how long granted callers waited.
 *
 * Waits are a histogram with the same bounds for every bucket and every policy. Otherwise histograms of
 * several buckets couldn't be added up, nor those before and after a policy change compared. A wait is
 * anything from 0 to an hour, and one may be a thousand times another. From the shortest refill
 * interval to the longest default wait, bounds grow by a factor of 2 to 2.5, which is the error of an
 * estimated quantile; above that, up to the longest wait a policy allows, they are coarser. The first
 * bound is 0, because the share of callers that didn't wait at all is the first thing people ask for.
 *
 * An immediate grant costs three additions. On the disk, classes after the last one in use are left out.
 */
import type { Cost } from "./limits/cost.ts";
import type { LimiterReason } from "./outcome.ts";
/**
 * The longest wait of each class, in milliseconds; a last class holds everything longer. Changing these
 * changes the format of the stored state, whose counts refer to them.
 */
export declare const WAIT_BOUNDS_MS: readonly number[];
/** What a bucket has done, as sums. */
export interface StatsView {
    /** Of the first limit. */
    readonly grantedTokens: number;
    /**
     * Tokens granted of the further limits, by name. A limit of which none has been granted is left out, and
     * so are all of them if none has been of any.
     */
    readonly furtherTokens?: Readonly<Record<string, number>>;
    /** Callers refused, by reason. A reason that hasn't occurred is left out. */
    readonly refused: Readonly<Partial<Record<LimiterReason, number>>>;
    /**
     * Callers granted, by wait: one class for each of `WAIT_BOUNDS_MS`, and one for everything longer.
     */
    readonly waits: readonly number[];
    /** The waits of all granted callers together, in milliseconds. */
    readonly waitedMs: number;
}
/** Callers by what has become of them since the bucket started. */
export interface CallerCounts {
    readonly granted: number;
    readonly refused: number;
    readonly cancelled: number;
}
/** The sums as they are stored. */
export interface StatsState extends CallerCounts {
    /** Absent if there is nothing to report, and in states from before it was kept. */
    readonly tally?: StatsView;
}
/**
 * The statistics of one bucket.
 *
 * @example
 * const stats = new Stats();
 * stats.noteGrant(2, 30);
 * stats.view().waits; // [0, 0, 0, 1, 0, …]: more than 25 ms, at most 50
 */
export declare class Stats {
    #private;
    /** The statistics of a state. Sums that it lacks, as states of old formats do, start at 0. */
    static from({ granted, refused, cancelled, tally }: StatsState): Stats;
    /** Others with the same sums. */
    copy(): Stats;
    get granted(): number;
    get refused(): number;
    get cancelled(): number;
    /** A caller has been granted `cost` after `waitedMs`. */
    noteGrant(cost: Cost, waitedMs: number): void;
    /**
     * From now on these are the further limits, in the order of a cost. One that was there before goes on from
     * its sum; one that comes back later starts at 0.
     */
    keepLimits(names: readonly string[]): void;
    /** An isolate has granted `tokens` to `callers` from its leases; none of them waited. */
    noteLeased(tokens: number, callers: number): void;
    /** A caller has been refused. */
    noteRefusal(reason: LimiterReason): void;
    /** A waiter has left. */
    noteCancel(): void;
    /** The sums as they are now. */
    view(): StatsView;
    /** For `Stats.from`: without trailing empty classes, and without a tally if nothing has been done. */
    toJSON(): StatsState;
}
