/** The directory as objects of buckets call it. Types only: the objects are of their own class. */
import type { KnownOverride } from "../protocol/known-override.ts";
import type { BusyReport, KnownShards } from "./directory.ts";
/** One shard. A directory of an earlier version may lack any of these, and the call then rejects. */
interface DirectoryStub {
    /** See `Directory.report`. */
    reportBusy(report: BusyReport): Promise<KnownShards>;
    /** See `Directory.drop`. */
    busyEnded(bucket: string): Promise<void>;
    /** Keeps the override of a bucket; `undefined`: it has none. Only shard 0 keeps overrides. */
    noteOverride(bucket: string, override: KnownOverride | undefined): Promise<void>;
}
/** Where shards are found, by the names of their objects. */
export interface DirectoryNamespace {
    getByName(name: string): DirectoryStub;
}
export {};
