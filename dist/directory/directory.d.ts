/**
 * Which buckets are busy, as far as they have reported: what one shard of the directory keeps, in memory alone.
 *
 * **Nothing is written.** Each bucket that is busy reports every ten seconds, so a directory that has lost its memory
 * has all of them again within ten seconds, and a report that is lost is followed by another one.
 *
 * **Entries age.** What a report says of rates holds for its ten seconds, so an entry that is older than two reports
 * shows rates of 0. It stays for five minutes, so that a bucket that has just become quiet can still be found; if
 * callers waited then, for as long as any caller may wait: an object in which only sessions wait is asleep, and reports
 * when it is next awake.
 *
 * **Shards.** One directory is enough for thousands of buckets. With more, it answers reports with twice the number
 * of shards, and buckets then pick theirs among so many. What a bucket has reported to its earlier shard stays there
 * until it ages, so while buckets move, none is missing and some are in two shards: the later entry counts.
 */
import type { BusyBucket, RecentWindow } from "../protocol/busy-bucket.ts";
/** What a busy bucket reports. */
export interface BusyReport extends Omit<BusyBucket, "atMs" | "recent"> {
    /** Acquires granted and refused in the window of the report, and the waiters at its end. */
    readonly window: RecentWindow;
    /** How many shards the bucket has heard of. */
    readonly shards: number;
}
/** What a directory answers: how many shards there are. */
export interface KnownShards {
    readonly shards: number;
}
/** What one shard has. */
export interface ShardList extends KnownShards {
    /** In no particular order. */
    readonly buckets: readonly BusyBucket[];
}
/**
 * One shard of the directory.
 *
 * @example
 * const directory = new Directory(0);
 * directory.report({ bucket: "x", waiters: 3, shards: 1, … }, nowMs); // { shards: 1 }
 * directory.list("", nowMs).buckets; // [{ bucket: "x", waiters: 3, atMs: nowMs, … }]
 */
export declare class Directory {
    #private;
    /** @param index The number of this shard, counted from 0. */
    constructor(index: number);
    /** Whether nothing has been reported that is still kept. */
    get isEmpty(): boolean;
    /** Keeps a report, in place of the bucket's earlier one. */
    report({ shards, window, ...shown }: BusyReport, nowMs: number): KnownShards;
    /** The bucket has been reset: there is nothing to list. */
    drop(bucket: string): void;
    /**
     * The buckets whose names begin with `prefix`.
     *
     * @param hasRecent Whether the entries have `recent`.
     */
    list(prefix: string, hasRecent: boolean, nowMs: number): ShardList;
    /** Forgets what is too old. */
    sweep(nowMs: number): void;
}
