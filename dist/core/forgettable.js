/**
 * From when on a bucket with these limits may be forgotten if nothing else happens, epoch milliseconds; rounded beyond
 * 2^53. `Infinity` if something of it never ends by itself, as the permit of a session.
 *
 * @param written If given, the limits as they are on the disk. Permits are those of `limits`: each has a row of its own.
 */
export function forgettableAtMs(limits, { holds, lastFence }, written = limits) {
    let atMs = Math.max(lastFence + 1, holds?.rememberedUntilMs ?? -Infinity);
    const limitsAndPermits = written?.all.map((limit) => {
        return limit === written.permits ? (limits?.permits ?? limit) : limit;
    });
    for (const limit of limitsAndPermits ?? []) {
        const { reachedAtMs, capacity, pausedUntilMs = -Infinity } = limit;
        const fullAtMs = reachedAtMs + limit.msUntil(capacity, reachedAtMs);
        atMs = Math.max(atMs, fullAtMs, pausedUntilMs);
    }
    return atMs;
}
