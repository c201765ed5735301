/**
 * Whether a bucket is busy, and what its last seconds were like: subtracts the sums that the limiter keeps anyway.
 * Pure: its owner passes in the time and the sums, once a window.
 *
 * **Busy** is a bucket of which at least five requests were settled in a window of five seconds, or in which a caller
 * has waited for five. A bucket that is asked once, or now and then, isn't. What is busy stays so while five are
 * settled in ten seconds, so that a bucket at the border doesn't come and go.
 *
 * Nothing happens between turns, so a window ends with the first turn after its time. A window without turns is as
 * long as the silence was, and says nothing about the last seconds: it doesn't count.
 */
import type { HistoryPoint } from "../protocol/bucket-history.ts";
/** Of a busy one: it reports at most so often. */
export declare const WINDOW_MS = 10000;
/** Waits of this length make a bucket busy. */
export declare const LONG_WAIT_MS = 5000;
/** What a bucket has done since it started: sums, as the limiter keeps them. */
export interface SettledSums {
    readonly granted: number;
    readonly refused: number;
    readonly cancelled: number;
    /** Grants by wait: see `StatsView`. */
    readonly waits: readonly number[];
    /** The waits of all grants together, in milliseconds. */
    readonly waitedMs: number;
}
/** A bucket at the end of a turn. */
export interface Counted extends SettledSums {
    readonly waiters: number;
    /** Whether a caller waits, or was settled in this turn, that has waited for `LONG_WAIT_MS`. */
    readonly hasLongWait: boolean;
}
/** What a window was like. */
export interface BusyWindow {
    readonly lengthMs: number;
    readonly granted: number;
    readonly refused: number;
    /** At its end. */
    readonly waiters: number;
    /** Estimates, from classes of waits; 0 if nobody was granted. */
    readonly waitP50Ms: number;
    readonly waitP95Ms: number;
}
/**
 * The meter of one instance.
 *
 * @example
 * const meter = new BusyMeter(sumsBefore);
 * meter.turned(counted, nowMs); // undefined: not busy
 * if (nowMs >= meter.dueAtMs) meter.turned(counted, nowMs); // { granted: 57, … }
 */
export declare class BusyMeter {
    #private;
    /** @param sums As they were before the instance's first turn. */
    constructor(sums: SettledSums);
    /** `turned` need not be called earlier. */
    get dueAtMs(): number;
    /** Whether the last window was busy. */
    get isBusy(): boolean;
    /** The windows of the last hour, oldest first. */
    get points(): readonly HistoryPoint[];
    /**
     * A turn is over, and so is the window. Returns what it was like if the bucket is busy, or was until then;
     * `undefined` otherwise. The first turn of an instance ends one, too: what was settled in it is all that the
     * bucket has done in the last seconds, as an object that is started has been asleep, if it isn't new.
     */
    turned(counted: Counted, nowMs: number): BusyWindow | undefined;
}
/** Grants by wait, and how long they have waited together: see `StatsView`. */
type WaitSums = Pick<SettledSums, "waits" | "waitedMs">;
/**
 * An estimate of a quantile of waits, in whole milliseconds: within a class, waits count as evenly spread. 0 if there
 * are none.
 *
 * The longest class is up to three times as wide as the shorter ones together, so it counts only as wide as the sum of
 * all waits allows: if ten callers in the class of 10 s to 30 s have waited for 120 s together, as 10 s to 14 s.
 */
export declare function waitQuantileMs(sums: WaitSums, quantile: number): number;
export {};
