/** What one window of a bucket was like. */
export type HistoryPoint = readonly [
    atMs: number,
    granted: number,
    refused: number,
    waiters: number,
    waitP50Ms: number,
    waitP95Ms: number
];
/**
 * Body of `GET /buckets/NAME/history`: the last hour, as far as the bucket was busy and its object in memory.
 * Where it wasn't, points are missing.
 */
export interface BucketHistory {
    /** The usual distance of two points. */
    readonly intervalMs: number;
    /** Oldest first, at most 360. `atMs` is the end of the window; the rest as in `BusyBucket`, but counts. */
    readonly points: readonly HistoryPoint[];
}
