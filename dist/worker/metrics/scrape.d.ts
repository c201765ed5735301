/**
 * `GET /metrics`: named buckets, in Prometheus's format.
 *
 * **Named** buckets are those whose policy is configured under their exact name: they are known to exist
 * without asking anything, and the configuration limits their number. Buckets of a prefix are as many as
 * callers make up, and one time series for each would be more than Prometheus is made for. Ask for the ones you
 * need by name, `?bucket=NAME`. Those that are busy are seen all the same, the busiest by name (busy-metrics.ts).
 *
 * **A scrape returns what it can get in time.** Each bucket is asked once, without the retries that a caller
 * gets, because the next scrape comes soon; one that doesn't answer is down in `sluice_up` and has no other
 * sample. A scrape starts no bucket, takes no tokens and writes nothing.
 */
import type { Scope } from "../auth/scope.ts";
import type { BusyBucket } from "../../protocol/busy-bucket.ts";
import type { BucketFiles } from "../config/bucket-files.ts";
import type { BucketObject } from "../../bucket/bucket-object.ts";
import type { PolicyTable } from "../config/policy-table.ts";
/** Which buckets there are, and how to reach them. */
export interface Scraped {
    readonly objects: DurableObjectNamespace<BucketObject>;
    /** Set if files can be seen: a bucket that was never used is then answered for without its object. */
    readonly files?: BucketFiles | undefined;
    readonly policies: PolicyTable;
    /** Lists the busy buckets that the caller may read; rejects if they can't be listed. */
    readonly listBusy: () => Promise<readonly BusyBucket[]>;
}
/**
 * The answer to a scrape by a caller with `scopes`: of the named buckets those it may read, and all buckets
 * in `asked`, the values of `bucket` in the query; or a refusal if it may not read one of those.
 */
export declare function metricsResponse(from: Scraped, scopes: readonly Scope[], asked: readonly string[]): Promise<Response>;
