/**
 * The metrics of busy buckets, whatever their names are: from the list of the directory, so no bucket is asked.
 *
 * Callers make up the names of buckets with a prefix's policy, and a time series for each of them would be more than
 * Prometheus is made for. So only the busiest have series of their own, and the rest is one. Rates come as they were
 * reported, as gauges: a counter would have to go on where a bucket leaves the list and comes back.
 */
import type { BusyBucket } from "../../protocol/busy-bucket.ts";
import type { Metric } from "./prometheus-text.ts";
/** The metrics of these buckets: all that are busy, and that the scrape may see. */
export declare function busyMetrics(buckets: readonly BusyBucket[]): readonly Metric[];
