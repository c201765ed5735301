/**
 * A bucket's own row on the disk: the formats that are written, and those that are still read.
 *
 * Format 6 is of a bucket with holds or permits, whose open grants have rows of their own (bucket-journal.ts).
 * Format 5 holds any number of limits of any kind, and format 4 holds one token bucket. Nearly all buckets are
 * just that, and they are still written in format 4: versions that know no other can read them, so they can be
 * rolled back to. A bucket is written in a newer format only if the older ones can't hold it.
 */
import type { GrantRow } from "../core/holds/grant-row.ts";
import type { LimiterState } from "../core/limiter-state.ts";
import type { OpenBucket } from "./open-bucket.ts";
import type { BucketPlatform, BucketRecord } from "./platform.ts";
/**
 * What is written for `bucket` when its limiter is to be kept as `state`.
 *
 * @param seq The number of the write, which counts if there may be rows of grants.
 */
export declare function recordOf(bucket: OpenBucket, state: LimiterState, seq: number): BucketRecord;
/** Whether there may be rows of grants beside `record`. */
export declare function hasGrantRows({ format }: BucketRecord): boolean;
/**
 * The bucket that was written as `record`, with its open grants.
 *
 * @throws {RangeError} If the format is unknown, or the policy or state is illegal.
 */
export declare function restore(record: BucketRecord, grants: readonly GrantRow[], { timeZones, newId }: Pick<BucketPlatform, "timeZones" | "newId">): OpenBucket;
