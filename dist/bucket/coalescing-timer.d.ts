/**
 * A timer of which only one instance runs at a time: whatever happens while it runs is handled when it fires.
 * So no matter what happens or how often, it causes one round of work at a time.
 */
import type { Clock } from "./clock.ts";
/** One timer, set again and again. */
export declare class CoalescingTimer {
    #private;
    /** @param fired Called each time the timer fires; it may set the timer again. */
    constructor(clock: Clock, fired: () => void);
    /** Fires after `delayMs`; does nothing if the timer is already set. */
    set(delayMs: number): void;
}
