import { DURATION_UNITS, durationMs, showDuration } from "./duration.js";
import { tokenBucketFields } from "./limits/token-bucket-fields.js";
import { integerFault, isIntegerWithin, showValue } from "./values.js";
/** What people read of each field. */
export const windowLimitWords = {
    limit: {
        unit: "tokens",
        description: 'The most tokens granted in any window of a length, such as "100/1m". Stands for capacity, refillTokens, refillIntervalMs and initialTokens',
    },
    burst: {
        unit: "tokens",
        description: "The most of them granted at once, below the limit. The default is a tenth of it, at least 1",
    },
};
/** What a limit looks like: tokens, a slash, and a duration. */
export const WINDOW_LIMIT = /^(\d{1,16})\/(\d{1,20})(?:\.(\d{1,20}))?(ms|s|m|h|d)$/;
/** The longest window, a year. It bounds the search. */
const MAX_WINDOW_MS = 31_536_000_000;
/** The default of `burst` is the limit divided by this. */
const BURST_SHARE = 10;
/**
 * Checks a limit as it was written, and finds its token bucket.
 *
 * @param burst `undefined` for the default.
 * @param prefix What messages put in front of each name, such as `limits.tpm.`.
 */
export function checkWindowLimit(limit, burst, prefix = "") {
    const fault = (field, rule, value) => {
        const message = `${prefix}${field} must be ${rule}: got ${showValue(value)}`;
        return { ok: false, fault: { field: prefix + field, message } };
    };
    const text = typeof limit === "string" && WINDOW_LIMIT.test(limit) ? limit : "";
    const [digits, length = ""] = text.split("/");
    const [tokens, windowMs] = [Number(digits), durationMs(length)];
    if (!Number.isSafeInteger(tokens) || windowMs === undefined) {
        const rule = `tokens per window, such as "100/1m", with a unit of ${DURATION_UNITS}`;
        return fault("limit", rule, limit);
    }
    if (!isIntegerWithin(windowMs, { min: 1, max: MAX_WINDOW_MS })) {
        const rule = `per whole milliseconds, from 1ms to ${showDuration(MAX_WINDOW_MS)}`;
        return fault("limit", rule, limit);
    }
    if (tokens < 2) {
        const rule = "at least 2 tokens per window, a burst of 1 and another (for one at a time, use capacity, refillTokens and refillInterval)";
        return fault("limit", rule, limit);
    }
    const capacity = burst === undefined ? Math.max(1, Math.floor(tokens / BURST_SHARE)) : burst;
    if (!isIntegerWithin(capacity, tokenBucketFields.capacity)) {
        if (burst !== undefined) {
            return {
                ok: false,
                fault: integerFault(`${prefix}burst`, burst, tokenBucketFields.capacity),
            };
        }
        const { max } = tokenBucketFields.capacity;
        return fault("limit", `at most ${max * BURST_SHARE + BURST_SHARE - 1} tokens without a burst`, limit);
    }
    if (capacity >= tokens) {
        return fault("burst", `below the limit, so at most ${tokens - 1} of ${showValue(limit)}`, capacity);
    }
    const checked = { tokens, windowMs, burst: capacity };
    const fields = tokenBucketOf(checked);
    if (fields)
        return { ok: true, limit: checked, fields };
    const { max: dayMs } = tokenBucketFields.refillIntervalMs;
    const ticks = Math.floor(windowMs / dayMs) + 1;
    const least = burst === undefined ? leastWithDefaultBurst(ticks) : capacity + ticks;
    const rule = `at least ${least} tokens per ${length}, the burst and ${ticks} ticks, as ticks are at most ${showDuration(dayMs)} apart`;
    return fault("limit", rule, limit);
}
/**
 * The token bucket that grants as much of the limit as whole tokens and milliseconds allow, and never
 * more; `undefined` if even one token a tick, at the longest interval, is more.
 */
export function tokenBucketOf({ tokens, windowMs, burst: capacity, }) {
    const spare = tokens - capacity;
    const { min: minMs, max: maxMs } = tokenBucketFields.refillIntervalMs;
    const maxRefill = Math.min(capacity, tokenBucketFields.refillTokens.max);
    let best;
    let mostRefilled = 0;
    for (let refillTokens = 0; refillTokens < maxRefill && mostRefilled < spare;) {
        const maxTicks = Math.floor(spare / (refillTokens + 1));
        const refillIntervalMs = Math.max(minMs, Math.floor(windowMs / maxTicks) + 1);
        if (refillIntervalMs > maxMs)
            break;
        const ticks = Math.floor(windowMs / refillIntervalMs) + 1;
        refillTokens = Math.min(maxRefill, Math.floor(spare / ticks));
        if (refillTokens * ticks > mostRefilled) {
            mostRefilled = refillTokens * ticks;
            best = { capacity, refillTokens, refillIntervalMs, initialTokens: capacity };
        }
    }
    return best;
}
/**
 * What a limit stands for, in one line.
 *
 * @example
 * showWindowLimit({ tokens: 100, windowMs: 60_000, burst: 10 }, fields);
 * // limit 100/1m, burst 10 = capacity 10, refillTokens 1, refillIntervalMs 667, initialTokens 10
 */
export function showWindowLimit(limit, fields) {
    const { tokens, windowMs, burst } = limit;
    const numbers = Object.entries(fields).map(([name, number]) => `${name} ${number}`);
    return `limit ${tokens}/${showDuration(windowMs)}, burst ${burst} = ${numbers.join(", ")}`;
}
/** The lowest limit that leaves so many tokens to its ticks if its burst is the default. */
function leastWithDefaultBurst(ticks) {
    const leavesEnough = Math.floor((BURST_SHARE * (ticks - 1)) / (BURST_SHARE - 1)) + 1;
    return Math.max(ticks + 1, leavesEnough);
}
