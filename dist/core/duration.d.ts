/**
 * Durations as people write them in a policy: a number and one unit, such as `250ms`, `1.5s`, `5m`, `2h`
 * or `1d`. A day is 24 hours: what follows a calendar isn't a duration.
 */
/** The units as messages list them, the shortest first. */
export declare const DURATION_UNITS = "ms, s, m, h, d";
/**
 * What a duration looks like. So few digits that no text takes long to read, and enough for every number of
 * milliseconds.
 */
export declare const DURATION: RegExp;
/**
 * The milliseconds in a duration; `undefined` if `text` isn't one. Not an integer if it doesn't come to
 * whole milliseconds, as in `0.5ms`. Rounded beyond 2^53.
 *
 * @example
 * durationMs("1.5s"); // 1500
 * durationMs("30"); // undefined
 */
export declare function durationMs(text: string): number | undefined;
/** Whole milliseconds, at least 0, as `durationMs` takes them, in the longest unit that leaves no rest. */
export declare function showDuration(ms: number): string;
