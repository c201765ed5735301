/**
 * What makes an object a shard of the directory: its memory, and its rows. The objects named `#directory:N` are of the
 * same class as those of buckets. A class of its own would need a migration, after which a deployment can't be rolled
 * back, and another binding in the configuration of each Worker that embeds Sluice.
 */
import type { BusyReport, KnownShards, ShardList } from "../directory/directory.ts";
import type { OverrideRows } from "../directory/override-book.ts";
import type { Clock } from "./clock.ts";
import { OverrideBook } from "../directory/override-book.ts";
/** One shard. Knows no platform, as a `BucketHost` doesn't. */
export declare class DirectoryObject {
    #private;
    constructor(index: number, clock: Clock, rows: OverrideRows);
    /** See `Directory.report`. */
    report(report: BusyReport): KnownShards;
    /** See `Directory.drop`. */
    drop(bucket: string): void;
    /** See `Directory.list`. */
    list(prefix: string, hasRecent: boolean): ShardList;
    /** The overrides that are known. */
    get overrides(): OverrideBook;
}
