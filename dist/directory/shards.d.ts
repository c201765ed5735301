/**
 * How the directory is split. Its objects are named `#directory:0`, `#directory:1` and so on: no bucket can have
 * such a name, so no caller reaches them. A bucket reports to the one that its name's hash picks.
 */
/** Together they hold 128,000 busy buckets, and a list can still ask all of them at once. */
export declare const MAX_SHARDS = 64;
/** The name of the object that is shard number `index`, counted from 0. */
export declare function directoryName(index: number): string;
/** The number of the shard whose object has this name; `undefined` for the object of a bucket. */
export declare function shardNamed(objectName: string | undefined): number | undefined;
/** The shard that a bucket reports to, if there are `shards` of them. */
export declare function shardOf(bucket: string, shards: number): number;
/** `shards`, if a directory can have so many: what another instance says may be of another version. */
export declare function legalShards(shards: unknown): number;
