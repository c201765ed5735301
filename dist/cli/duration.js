/** Durations as people type them: `500ms`, `5s`, `1.5m`, `1h`. */
import { UsageError } from "./usage-error.js";
const UNITS_MS = new Map([
    ["ms", 1],
    ["s", 1_000],
    ["m", 60_000],
    ["h", 3_600_000],
]);
/**
 * Parses a duration into whole milliseconds. `0` needs no unit.
 *
 * @throws {UsageError} If it is not a duration, or exceeds `maxMs`; the message names the option.
 */
export function parseDuration(option, text, maxMs) {
    const [, digits, unit = "ms"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? /^(0)$/.exec(text) ?? [];
    const ms = Math.round(Number(digits) * (UNITS_MS.get(unit) ?? Number.NaN));
    if (ms <= maxMs)
        return ms;
    const max = formatDuration(maxMs);
    throw new UsageError(`${option} must be a duration of at most ${max}, such as 500ms, 5s, 2m: got ${text}`);
}
/** From so many hours on, a duration is said in days. */
const HOURS_AS_DAYS = 48;
/** Formats a duration for people: `0.250 s`, `12.3 s`, `2 min 5 s`, `3 h 10 min`, `29 d 4 h`. */
export function formatDuration(durationMs) {
    const seconds = durationMs / 1_000;
    if (seconds < 10)
        return `${seconds.toFixed(3)} s`;
    if (seconds < 60)
        return `${seconds.toFixed(1)} s`;
    const whole = Math.round(seconds);
    const [hours, minutes] = [Math.floor(whole / 3_600), Math.floor((whole % 3_600) / 60)];
    if (hours >= HOURS_AS_DAYS) {
        const days = Math.floor(hours / 24);
        return hours % 24 > 0 ? `${days} d ${hours % 24} h` : `${days} d`;
    }
    if (hours > 0)
        return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
    return whole % 60 > 0 ? `${minutes} min ${whole % 60} s` : `${minutes} min`;
}
