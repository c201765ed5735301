/**
 * A timer of which one runs at a time: what comes while it does is dealt with when it fires. So whatever
 * happens however often, it makes one round of work at a time.
 */
import type { Clock } from "./clock.ts";

/** One timer, set again and again. */
export class CoalescingTimer {
  readonly #clock: Clock;
  readonly #fired: () => void;
  #isSet = false;

  /** @param fired Called each time it fires; it may set the timer again. */
  constructor(clock: Clock, fired: () => void) {
    this.#clock = clock;
    this.#fired = fired;
  }

  /** Fires after `delayMs`; does nothing while it is set. */
  set(delayMs: number): void {
    if (this.#isSet) return;
    this.#isSet = true;
    this.#clock.setTimer(() => {
      this.#isSet = false;
      this.#fired();
    }, delayMs);
  }
}
