/**
 * Durations as people write them in a policy: a number and one unit, such as `250ms`, `1.5s`, `5m`, `2h`
 * or `1d`. A day is 24 hours: what follows a calendar isn't a duration.
 */
/** Milliseconds in each unit, the longest first. */
const unitMs = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
/** The units as messages list them, the shortest first. */
export const DURATION_UNITS = "ms, s, m, h, d";
/**
 * What a duration looks like. So few digits that no text takes long to read, and enough for every number of
 * milliseconds.
 */
export const DURATION = /^(\d{1,20})(?:\.(\d{1,20}))?(ms|s|m|h|d)$/;
/**
 * The milliseconds in a duration; `undefined` if `text` isn't one. Not an integer if it doesn't come to
 * whole milliseconds, as in `0.5ms`. Rounded beyond 2^53.
 *
 * @example
 * durationMs("1.5s"); // 1500
 * durationMs("30"); // undefined
 */
export function durationMs(text) {
    const [, whole = "", fraction = "", unit] = DURATION.exec(text) ?? [];
    if (!isUnit(unit))
        return undefined;
    // In integers: 1.005 × 1000 isn't 1005 in floating point.
    const scaled = BigInt(whole + fraction) * BigInt(unitMs[unit]);
    const scale = 10n ** BigInt(fraction.length);
    const wholeMs = Number(scaled / scale);
    return scaled % scale === 0n ? wholeMs : wholeMs + 0.5;
}
/** Whole milliseconds, at least 0, as `durationMs` takes them, in the longest unit that leaves no rest. */
export function showDuration(ms) {
    for (const [unit, length] of Object.entries(unitMs)) {
        if (ms >= length && ms % length === 0)
            return `${ms / length}${unit}`;
    }
    return `${ms}ms`;
}
function isUnit(unit) {
    return unit !== undefined && Object.hasOwn(unitMs, unit);
}
