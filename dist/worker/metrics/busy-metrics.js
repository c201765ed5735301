/** Buckets that have series of their own. */
const MAX_NAMED = 20;
/** No bucket can have this name. */
const OTHERS = "(others)";
/** The metrics of these buckets: all that are busy, and that the scrape may see. */
export function busyMetrics(buckets) {
    const sorted = buckets.toSorted((one, other) => {
        const isMore = other.waiters - one.waiters || other.grantedPerS - one.grantedPerS;
        return isMore || (one.bucket < other.bucket ? -1 : 1);
    });
    const shown = sorted.slice(0, MAX_NAMED).map((entry) => {
        const labels = { bucket: entry.bucket, policy: entry.policyName };
        return Object.assign({ labels }, entry);
    });
    const others = sorted.slice(MAX_NAMED);
    if (others.length > 0)
        shown.push(sumOf(others));
    const gauge = (name, help, valueOf) => {
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
        gauge("sluice_busy_granted_per_second", "Requests granted a second, over the last report of a busy bucket.", ({ grantedPerS }) => grantedPerS),
        gauge("sluice_busy_refused_per_second", "Requests refused a second, over the last report of a busy bucket.", ({ refusedPerS }) => refusedPerS),
        gauge("sluice_busy_wait_p95_seconds", "Estimated 95th percentile of waits, over the last report of a busy bucket; the longest one of (others).", ({ waitP95Ms }) => waitP95Ms / 1_000),
        gauge("sluice_busy_oldest_wait_seconds", "How long the head of a busy bucket's queue had waited at its last report; of (others), the one closest to its limit.", ({ oldestWaitMs }) => seconds(oldestWaitMs)),
        gauge("sluice_busy_max_wait_seconds", "The longest wait that the policy of a busy bucket allows; of (others), that of the one closest to it.", ({ maxWaitMs }) => seconds(maxWaitMs)),
    ];
}
function sumOf(buckets) {
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
function shareOfWait({ oldestWaitMs, maxWaitMs }) {
    if (oldestWaitMs === undefined || maxWaitMs === undefined)
        return -1;
    return maxWaitMs === 0 ? 0 : oldestWaitMs / maxWaitMs;
}
function seconds(durationMs) {
    return durationMs === undefined ? undefined : durationMs / 1_000;
}
