/** One timer, set again and again. */
export class CoalescingTimer {
    #clock;
    #fired;
    #isSet = false;
    /** @param fired Called each time the timer fires; it may set the timer again. */
    constructor(clock, fired) {
        this.#clock = clock;
        this.#fired = fired;
    }
    /** Fires after `delayMs`; does nothing if the timer is already set. */
    set(delayMs) {
        if (this.#isSet)
            return;
        this.#isSet = true;
        this.#clock.setTimer(() => {
            this.#isSet = false;
            this.#fired();
        }, delayMs);
    }
}
