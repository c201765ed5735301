/** One of the buckets that were busy in the last minutes, as lists, pages, metrics and `sluice ls` show it. */
export interface BusyBucket {
    readonly bucket: string;
    /** The pattern of the policy in force. */
    readonly policyName: string;
    readonly isOverridden: boolean;
    /** Whole tokens of the first limit, and how many it holds at most. */
    readonly tokens: number;
    readonly capacity: number;
    readonly waiters: number;
    /** Acquires a second that were granted and refused, over the window of the report; 0 if the report is stale. */
    readonly grantedPerS: number;
    readonly refusedPerS: number;
    /** Estimate of the 95th percentile of waits that ended with a grant in that window; 0 if none did. */
    readonly waitP95Ms: number;
    /** How long the caller at the head of the queue had waited; 0 if nobody waited. Older objects don't report it. */
    readonly oldestWaitMs?: number;
    /** The longest wait that the policy allows. Older objects don't report it. */
    readonly maxWaitMs?: number;
    /** Absent if the bucket isn't paused. */
    readonly pausedUntilMs?: number;
    /** When the bucket reported this, in Unix milliseconds. */
    readonly atMs: number;
    /** Only where asked for: the windows of up to 30 reports, oldest first. */
    readonly recent?: readonly RecentWindow[];
}
/** Acquires granted and refused in the window of a report, and the waiters at its end. */
export type RecentWindow = readonly [granted: number, refused: number, waiters: number];
/** What a list of busy buckets is sorted by: the most first, and names from A to Z. */
export type BusySort = "waiters" | "granted" | "refused" | "name";
/** Body of `GET /buckets`. */
export interface BusyBuckets {
    readonly buckets: readonly BusyBucket[];
    /** How many more there are. */
    readonly omitted: number;
}
