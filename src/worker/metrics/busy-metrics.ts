/**
 * The metrics of busy buckets, whatever their names are: from the list of the directory, so no bucket is asked.
 *
 * Callers make up the names of buckets with a prefix's policy, and a time series for each of them would be more than
 * Prometheus is made for. So only the busiest have series of their own, and the rest is one. Rates come as they were
 * reported, as gauges: a counter would have to go on where a bucket leaves the list and comes back.
 */
import type { BusyBucket } from "../../protocol/busy-bucket.ts";
import type { Labels, Metric } from "./prometheus-text.ts";

/** Buckets that have series of their own. */
const MAX_NAMED = 20;
/** No bucket can have this name. */
const OTHERS = "(others)";

/** What a series shows, of one bucket or of the rest. */
interface Shown extends Pick<
  BusyBucket,
  "waiters" | "grantedPerS" | "refusedPerS" | "waitP95Ms" | "oldestWaitMs" | "maxWaitMs"
> {
  readonly labels: Labels;
}

/** The metrics of these buckets: all that are busy, and that the scrape may see. */
export function busyMetrics(buckets: readonly BusyBucket[]): readonly Metric[] {
  const sorted = buckets.toSorted((one, other) => {
    const isMore = other.waiters - one.waiters || other.grantedPerS - one.grantedPerS;
    return isMore || (one.bucket < other.bucket ? -1 : 1);
  });
  const shown: Shown[] = sorted.slice(0, MAX_NAMED).map((entry) => {
    const labels = { bucket: entry.bucket, policy: entry.policyName };
    return Object.assign({ labels }, entry);
  });
  const others = sorted.slice(MAX_NAMED);
  if (others.length > 0) shown.push(sumOf(others));
  const gauge = (
    name: string,
    help: string,
    valueOf: (one: Shown) => number | undefined,
  ): Metric => {
    const samples = shown.flatMap((one) => {
      const value = valueOf(one);
      return value === undefined ? [] : [{ labels: one.labels, value }];
    });
    return { name, type: "gauge", help, samples };
  };
  return [
    {
      name: "sluice_busy_buckets",
      type: "gauge",
      help: "Buckets that were busy in the last minutes.",
      samples: [{ labels: {}, value: buckets.length }],
    },
    gauge("sluice_busy_waiters", "Waiting callers of a busy bucket.", ({ waiters }) => waiters),
    gauge(
      "sluice_busy_granted_per_second",
      "Requests granted a second, over the last report of a busy bucket.",
      ({ grantedPerS }) => grantedPerS,
    ),
    gauge(
      "sluice_busy_refused_per_second",
      "Requests refused a second, over the last report of a busy bucket.",
      ({ refusedPerS }) => refusedPerS,
    ),
    gauge(
      "sluice_busy_wait_p95_seconds",
      "Estimated 95th percentile of waits, over the last report of a busy bucket; the longest one of (others).",
      ({ waitP95Ms }) => waitP95Ms / 1_000,
    ),
    gauge(
      "sluice_busy_oldest_wait_seconds",
      "How long the head of a busy bucket's queue had waited at its last report; of (others), the one closest to its limit.",
      ({ oldestWaitMs }) => seconds(oldestWaitMs),
    ),
    gauge(
      "sluice_busy_max_wait_seconds",
      "The longest wait that the policy of a busy bucket allows; of (others), that of the one closest to it.",
      ({ maxWaitMs }) => seconds(maxWaitMs),
    ),
  ];
}

function sumOf(buckets: readonly BusyBucket[]): Shown {
  const sum = { waiters: 0, grantedPerS: 0, refusedPerS: 0, waitP95Ms: 0 };
  for (const { waiters, grantedPerS, refusedPerS, waitP95Ms } of buckets) {
    sum.waiters += waiters;
    sum.grantedPerS += grantedPerS;
    sum.refusedPerS += refusedPerS;
    sum.waitP95Ms = Math.max(sum.waitP95Ms, waitP95Ms);
  }
  const { oldestWaitMs, maxWaitMs } = buckets.reduce((one, other) => {
    return shareOfWait(other) > shareOfWait(one) ? other : one;
  });
  const wait = oldestWaitMs !== undefined && maxWaitMs !== undefined && { oldestWaitMs, maxWaitMs };
  return { labels: { bucket: OTHERS }, ...sum, ...wait };
}

/** Of the longest wait that is allowed, how much the head has waited. -1 if an older version has reported. */
function shareOfWait({ oldestWaitMs, maxWaitMs }: BusyBucket): number {
  if (oldestWaitMs === undefined || maxWaitMs === undefined) return -1;
  return maxWaitMs === 0 ? 0 : oldestWaitMs / maxWaitMs;
}

function seconds(durationMs: number | undefined): number | undefined {
  return durationMs === undefined ? undefined : durationMs / 1_000;
}
