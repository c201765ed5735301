/** A clock that stands still until it is moved, with timers that fire as it moves. */
import type { Clock } from "../bucket/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly fire: () => void;
}

/** The clock of all buckets of a fake. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  /** @param startAtMs Epoch milliseconds. */
  constructor(startAtMs: number) {
    this.#nowMs = startAtMs;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    const timer = { atMs: this.#nowMs + delayMs, fire: callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /**
   * Moves to the next timer that is due by `untilMs` and fires it; without one, moves to `untilMs`. Returns whether
   * there was one. Timers of the same instant fire in the order in which they were set.
   */
  step(untilMs: number): boolean {
    let next: Timer | undefined = undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= untilMs && (!next || timer.atMs < next.atMs)) next = timer;
    }
    this.#nowMs = Math.max(this.#nowMs, next?.atMs ?? untilMs);
    if (!next) return false;
    this.#timers.delete(next);
    next.fire();
    return true;
  }
}
