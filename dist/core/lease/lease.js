/**
 * How long the report of what is left may take after a lease has ended: far longer than a round trip.
 */
const REPORT_MS = 2_000;
/**
 * Number of distinct instants at which leases end, within the life of one. With so few, sums stay
 * short, and a few tokens wait a little longer.
 */
const ENDS_WITHIN_LEASE = 16;
/** When a lease given at `nowMs` ends for the bucket, epoch milliseconds. */
export function leaseEndAtMs(nowMs, { ttlMs }) {
    const lifeMs = ttlMs + REPORT_MS;
    const stepMs = Math.ceil(lifeMs / ENDS_WITHIN_LEASE);
    return Math.ceil((nowMs + lifeMs) / stepMs) * stepMs;
}
