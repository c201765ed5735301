/**
 * The clock of one instance: epoch milliseconds that go on even if the machine's clock is set back.
 *
 * No clock of the runtime is steady inside an object. Measured on local workerd: when the machine's clock is
 * set back, `Date.now()` and `performance.now()` stand still until it has caught up with what the instance
 * has seen, and a timer that is set meanwhile takes that much longer, even after the clock has been
 * corrected. A timer that was set before is on time. SQLite shows the clock as it is, and a new instance
 * starts with it. (A Worker's requests start afresh anyway: their clock goes back, and their timers are
 * right.)
 *
 * So an instance that finds the machine's clock behind what it has seen ends itself, as after a failed write:
 * its callers are requeued, in order, at the next instance, whose timers are right. That instance continues
 * from the time on disk, ahead of the machine's clock. So no tick happens twice, and none has to be waited
 * for until the clock has caught up.
 *
 * **It heals.** While it is ahead, this clock stands still whenever the machine's clock leaps forward or
 * nobody asks, until the machine's clock has caught up. A bucket loses what its ticks would have brought in
 * that time, and gains nothing.
 */
import type { Clock } from "./clock.ts";
/** The clocks and timers that a `SteadyClock` is built on. */
export interface TimeSource {
    /** The runtime's clock, cheap to read; may stand still, and may jump either way. */
    readonly now: () => number;
    /** The machine's clock as it is, if it can be read. */
    readonly wallNow?: (() => number) | undefined;
    readonly setTimer: Clock["setTimer"];
    /** The runtime's clock and timers are no longer usable. Ends the instance; may throw, and may return. */
    readonly stopped: () => void;
}
/** A clock whose `now` never goes back; see above. */
export declare class SteadyClock implements Clock {
    #private;
    constructor(source: TimeSource);
    /** How far it is ahead of the machine's clock: 0 unless that has been set back. */
    get aheadMs(): number;
    now(): number;
    /** An earlier instance has seen `atMs`: continue from there. */
    notBefore(atMs: number): void;
    setTimer(callback: () => void, delayMs: number): () => void;
}
