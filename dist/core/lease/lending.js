import { leaseEndAtMs } from "./lease.js";
/** The share of the available tokens that one lease may take. */
const LENT_SHARE = 1 / 2;
/** The share of the capacity that all leases together may take. */
const LEASED_SHARE = 1 / 2;
/**
 * Books what an isolate reports, and returns the tokens it has granted; `undefined` if the report is all
 * about a bucket that has been reset since. A lease that has ended changes no tokens.
 */
export function bookReport({ first }, { uses }) {
    const known = uses.filter(({ startedAtMs }) => startedAtMs === first.startedAtMs);
    if (known.length === 0)
        return undefined;
    let usedTokens = 0;
    for (const { untilMs, used, returned } of known) {
        first.endLoan(untilMs, used, returned);
        usedTokens += used;
    }
    return usedTokens;
}
/**
 * Lends up to `wanted` tokens: at most half of what is available, and at most half of the capacity on
 * all leases together. The rest is for callers elsewhere. `undefined` if that comes to nothing, and
 * during a pause.
 */
export function lendTokens({ first }, { maxTokens, ttlMs }, wanted, nowMs) {
    if (first.pausedUntilMs !== undefined)
        return undefined;
    const tokens = Math.min(wanted, maxTokens, spareOf(first));
    if (tokens < 1)
        return undefined;
    const untilMs = leaseEndAtMs(nowMs, { maxTokens, ttlMs });
    first.lend(tokens, untilMs);
    return { tokens, untilMs, startedAtMs: first.startedAtMs, ttlMs };
}
function spareOf({ capacity, tokens, lent }) {
    const room = capacity * LEASED_SHARE - (lent?.tokens ?? 0);
    return Math.floor(Math.min(tokens * LENT_SHARE, room));
}
