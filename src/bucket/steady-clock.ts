/**
 * The clock of one instance: epoch milliseconds that go on, though somebody sets the machine's clock back.
 *
 * No clock of the runtime is steady in an object. Measured on local workerd with a clock that is set: where
 * it is set back, `Date.now()` and `performance.now()` stand still until it has caught up with what the
 * instance has seen, and a timer that is set meanwhile takes that much longer, even when the clock has been
 * put right again. A timer that was set before is on time. SQLite shows the clock as it is, and a new
 * instance begins with it. (A Worker's requests begin anew anyway: theirs goes back, and their timers are
 * right.)
 *
 * So an instance that finds its clock behind what it has shown ends itself, as after a failed write: the
 * callers are put back at the next one, in their order, whose timers are right. That one takes up the time
 * where the disk says it was, and goes on from there, ahead of the machine's clock. So no tick comes twice,
 * and none has to be waited for until the clock has caught up.
 *
 * **It heals.** Time that is ahead stands still while the clock leaps and while nobody asks, until the
 * clock has caught up. A bucket loses by that what its ticks would have brought, and gains nothing.
 */
import type { Clock } from "./clock.ts";

/** While somebody waits the clock is read each second. What is more was a leap, or nobody asked. */
const LEAP_MS = 1_500;
/** A clock that is set back by less only makes timers late by as much. */
const MAX_BEHIND_MS = 250;
/** A busy instance sees the same millisecond this often, or nearly. One whose clock stands still, for ever. */
const MIN_REPEATS = 4;

/** What time is made of. */
export interface TimeSource {
  /** The runtime's clock, cheap to read; may stand still, and may go either way. */
  readonly now: () => number;
  /** The machine's clock as it is; left out where it can't be had. */
  readonly wallNow?: (() => number) | undefined;
  readonly setTimer: Clock["setTimer"];
  /** The runtime's clock and its timers are of no use any more. Ends the instance; may throw, or return. */
  readonly stopped: () => void;
}

/** See above; `now` never goes back. */
export class SteadyClock implements Clock {
  readonly #source: TimeSource;
  #seenAtMs: number;
  #aheadMs = 0;
  #repeats = 0;

  constructor(source: TimeSource) {
    this.#source = source;
    this.#seenAtMs = source.now();
  }

  /** How far it is ahead of the machine's clock: 0 unless that has been set back. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  now(): number {
    const sourceMs = this.#source.now();
    const passedMs = sourceMs - this.#seenAtMs;
    if (passedMs === 0) {
      this.#repeats += 1;
      if (isPowerOfTwo(this.#repeats) && this.#repeats >= MIN_REPEATS) this.#checkSource();
    } else {
      this.#repeats = 0;
      this.#seenAtMs = sourceMs;
      if (passedMs < 0) this.#aheadMs -= passedMs;
      else if (passedMs > LEAP_MS) this.#aheadMs = Math.max(0, this.#aheadMs - passedMs);
    }
    return sourceMs + this.#aheadMs;
  }

  /** It was as late as `atMs` before this instance: it goes on from there. */
  notBefore(atMs: number): void {
    this.#aheadMs = Math.max(this.#aheadMs, atMs - this.#seenAtMs);
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    this.#checkSource();
    return this.#source.setTimer(callback, delayMs);
  }

  #checkSource(): void {
    const { now, wallNow, stopped } = this.#source;
    if (wallNow && now() - wallNow() > MAX_BEHIND_MS) stopped();
  }
}

function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}
