/**
 * The metrics of buckets: which ones exist, their names, and their values. Names and units follow
 * Prometheus's conventions: seconds, and `_total` for counters. A bucket that did not answer has no sample
 * but `sluice_up`.
 *
 * **What each limit has** is in families of its own, `sluice_limit_…`, with a label for the limit. A label on
 * the metrics of the bucket would break the dashboards of buckets of one limit, and sum up tokens of
 * different limits wherever it is left out. Every bucket has them, also one with a single limit: so one
 * expression covers all buckets, and a bucket that gains a limit gains series and changes none.
 */
import type { BucketStats } from "../../wire/bucket-answers.ts";
import type { Metric } from "./prometheus-text.ts";
/**
 * Buckets that one scrape may ask for by name. Each is a call to an object, and if Sluice is public anyone
 * can cause it. To watch more buckets, use several scrapes.
 */
export declare const MAX_ASKED_FOR = 32;
/** A bucket that was scraped. */
export interface ScrapedBucket {
    readonly name: string;
    /** `undefined` if it could not be reached. */
    readonly stats: BucketStats | undefined;
}
/** All metrics of all buckets, as of `nowMs`, epoch milliseconds. */
export declare function metricsOf(buckets: readonly ScrapedBucket[], nowMs: number): readonly Metric[];
