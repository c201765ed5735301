/**
 * A timer for the silence of somebody else, which does not take the sleep of its own process for it.
 *
 * Where a process is stopped, a machine sleeps or a loop is busy, timers come late, and they come before
 * what has arrived meanwhile is read. So the last stretch of the time is looked at by itself: it begins
 * when the timer before it has fired, and in it the process reads whatever is there. If that stretch
 * comes late, too, there was no chance to read, and it is given once more. (Once: the timers of a hidden
 * page may all be late.)
 */

/** Of the time, so much is the last stretch. A service that sends heartbeats sends several in it. */
const LAST_STRETCH_MS = 1_000;
/** A stretch that takes so many times as long as it should was slept through. */
const LATE = 2;

/** Barks once, when nothing was heard for long enough. */
export class Watchdog {
  readonly #silenceMs: number;
  readonly #bark: () => void;
  #clearTimer: () => void = () => undefined;

  /** Starts at once. */
  constructor(silenceMs: number, bark: () => void) {
    this.#silenceMs = silenceMs;
    this.#bark = bark;
    this.heard();
  }

  /** Starts anew. */
  heard(): void {
    const lastMs = Math.min(LAST_STRETCH_MS, this.#silenceMs / 2);
    this.#wait(this.#silenceMs - lastMs, () => this.#lookLast(lastMs, true));
  }

  /** Ends it. */
  stop(): void {
    this.#clearTimer();
  }

  #lookLast(stretchMs: number, mayRepeat: boolean): void {
    const begunAtMs = performance.now();
    this.#wait(stretchMs, () => {
      const isLate = performance.now() - begunAtMs > stretchMs * LATE;
      if (isLate && mayRepeat) this.#lookLast(stretchMs, false);
      else this.#bark();
    });
  }

  #wait(durationMs: number, then: () => void): void {
    this.#clearTimer();
    const timer = setTimeout(then, durationMs);
    this.#clearTimer = (): void => clearTimeout(timer);
  }
}
