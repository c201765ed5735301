/**
 * A timer for the other side's silence that doesn't mistake a pause of its own process for it.
 *
 * When a process is stopped, a machine sleeps or an event loop is busy, timers fire late, and
 * before data that has arrived meanwhile is read. So the last stretch of the time is measured
 * separately: it starts once the timer for the rest has fired, and during it the process reads
 * whatever has arrived. If that stretch is late as well, there was no chance to read, and it is
 * repeated. (Once: in a hidden page, all timers may be late.)
 */
/** Calls `bark` once, after nothing was heard for `silenceMs`. */
export declare class Watchdog {
    #private;
    /** Starts the timer immediately. */
    constructor(silenceMs: number, bark: () => void);
    /** Restarts the timer. */
    heard(): void;
    /** Stops the timer; `bark` is not called any more. */
    stop(): void;
}
