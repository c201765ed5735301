import { WAIT_BOUNDS_MS } from "../core/stats.js";
/** Of a bucket that has not been busy so far. */
const FIRST_WINDOW_MS = 5_000;
/** Of a busy one: it reports at most so often. */
export const WINDOW_MS = 10_000;
/** A longer one was mostly silence. */
const MAX_WINDOW_MS = 20_000;
/** In a window. */
const MIN_SETTLED = 5;
/** Waits of this length make a bucket busy. */
export const LONG_WAIT_MS = 5_000;
/** An hour. */
const MAX_POINTS = 360;
/**
 * The meter of one instance.
 *
 * @example
 * const meter = new BusyMeter(sumsBefore);
 * meter.turned(counted, nowMs); // undefined: not busy
 * if (nowMs >= meter.dueAtMs) meter.turned(counted, nowMs); // { granted: 57, … }
 */
export class BusyMeter {
    #sums;
    #startedAtMs = undefined;
    #dueAtMs = 0;
    #isBusy = false;
    #points = [];
    /** @param sums As they were before the instance's first turn. */
    constructor(sums) {
        this.#sums = sums;
    }
    /** `turned` need not be called earlier. */
    get dueAtMs() {
        return this.#dueAtMs;
    }
    /** Whether the last window was busy. */
    get isBusy() {
        return this.#isBusy;
    }
    /** The windows of the last hour, oldest first. */
    get points() {
        return this.#points;
    }
    /**
     * A turn is over, and so is the window. Returns what it was like if the bucket is busy, or was until then;
     * `undefined` otherwise. The first turn of an instance ends one, too: what was settled in it is all that the
     * bucket has done in the last seconds, as an object that is started has been asleep, if it isn't new.
     */
    turned(counted, nowMs) {
        const before = this.#sums;
        const lengthMs = this.#startedAtMs === undefined ? WINDOW_MS : nowMs - this.#startedAtMs;
        const isFirst = this.#startedAtMs === undefined;
        const granted = counted.granted - before.granted;
        const refused = counted.refused - before.refused;
        const cancelled = counted.cancelled - before.cancelled;
        this.#sums = counted;
        this.#startedAtMs = nowMs;
        // After a reset, and after a step of the clock, nothing is known of the last seconds.
        const isKnown = Math.min(granted, refused, cancelled) >= 0 && lengthMs > 0;
        const hasSettled = granted + refused + cancelled >= MIN_SETTLED && lengthMs <= MAX_WINDOW_MS;
        const wasBusy = this.#isBusy;
        this.#isBusy = isKnown && (counted.hasLongWait || (hasSettled && !isFirst));
        this.#dueAtMs = nowMs + (this.#isBusy ? WINDOW_MS : FIRST_WINDOW_MS);
        if (!isKnown || !(this.#isBusy || wasBusy))
            return undefined;
        const waits = difference(counted, before);
        const { waiters } = counted;
        const [waitP50Ms, waitP95Ms] = [waitQuantileMs(waits, 0.5), waitQuantileMs(waits, 0.95)];
        this.#points.push([nowMs, granted, refused, waiters, waitP50Ms, waitP95Ms]);
        if (this.#points.length > MAX_POINTS)
            this.#points.shift();
        return { lengthMs, granted, refused, waiters, waitP50Ms, waitP95Ms };
    }
}
function difference(sums, before) {
    return {
        waits: sums.waits.map((count, index) => count - (before.waits[index] ?? 0)),
        waitedMs: sums.waitedMs - before.waitedMs,
    };
}
/**
 * An estimate of a quantile of waits, in whole milliseconds: within a class, waits count as evenly spread. 0 if there
 * are none.
 *
 * The longest class is up to three times as wide as the shorter ones together, so it counts only as wide as the sum of
 * all waits allows: if ten callers in the class of 10 s to 30 s have waited for 120 s together, as 10 s to 14 s.
 */
export function waitQuantileMs(sums, quantile) {
    const { waits } = sums;
    const rank = quantile * waits.reduce((sum, count) => sum + count, 0);
    const last = waits.findLastIndex((count) => count > 0);
    let below = 0;
    for (const [index, count] of waits.entries()) {
        if (count > 0 && below + count >= rank) {
            const [fromMs, toMs] = index === last ? longestWaits(sums, last) : boundsOf(index);
            return Math.round(fromMs + ((toMs - fromMs) * (rank - below)) / count);
        }
        below += count;
    }
    return 0;
}
/** The bounds of a class of waits. What is longer than the last one is as long as it. */
function boundsOf(index) {
    const fromMs = WAIT_BOUNDS_MS[index - 1] ?? 0;
    return [fromMs, WAIT_BOUNDS_MS[index] ?? fromMs];
}
/** The longest class, made so narrow that all waits together have the length that they have. */
function longestWaits({ waits, waitedMs }, last) {
    const [fromMs, toMs] = boundsOf(last);
    const shorterMs = waits.slice(0, last).reduce((sum, count, index) => {
        const [lowMs, highMs] = boundsOf(index);
        return sum + (count * (lowMs + highMs)) / 2;
    }, 0);
    const averageMs = (waitedMs - shorterMs) / (waits[last] ?? 1);
    const halfMs = Math.max(0, Math.min(averageMs - fromMs, toMs - averageMs));
    if (averageMs >= toMs)
        return [toMs, toMs];
    return averageMs <= fromMs ? [fromMs, fromMs] : [averageMs - halfMs, averageMs + halfMs];
}
