/**
 * How the directory is split. Its objects are named `#directory:0`, `#directory:1` and so on: no bucket can have
 * such a name, so no caller reaches them. A bucket reports to the one that its name's hash picks.
 */
/** Together they hold 128,000 busy buckets, and a list can still ask all of them at once. */
export const MAX_SHARDS = 64;
const PREFIX = "#directory:";
/** The name of the object that is shard number `index`, counted from 0. */
export function directoryName(index) {
    return PREFIX + String(index);
}
/** The number of the shard whose object has this name; `undefined` for the object of a bucket. */
export function shardNamed(objectName) {
    if (objectName?.startsWith(PREFIX) !== true)
        return undefined;
    const index = Number(objectName.slice(PREFIX.length));
    return Number.isInteger(index) && index >= 0 && index < MAX_SHARDS ? index : undefined;
}
/** The shard that a bucket reports to, if there are `shards` of them. */
export function shardOf(bucket, shards) {
    // FNV-1a: short, and it spreads names that differ in their last digits.
    let hash = 0x81_1c_9d_c5;
    for (let index = 0; index < bucket.length; index += 1) {
        hash = Math.imul(hash ^ bucket.charCodeAt(index), 0x01_00_01_93);
    }
    // The low bits alone depend on the low bits of characters alone.
    return ((hash ^ (hash >>> 16)) >>> 0) % shards;
}
/** `shards`, if a directory can have so many: what another instance says may be of another version. */
export function legalShards(shards) {
    const isLegal = Number.isInteger(shards) && Number(shards) >= 1;
    return isLegal ? Math.min(Number(shards), MAX_SHARDS) : 1;
}
