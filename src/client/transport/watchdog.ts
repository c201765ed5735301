/**
 * A timer for the other side's silence that doesn't mistake a pause of its own process for it.
 *
 * When a process is stopped, a machine sleeps or an event loop is busy, timers fire late, and
 * before data that has arrived meanwhile is read. So the last stretch of the time is measured
 * separately: it starts once the timer for the rest has fired, and during it the process reads
 * whatever has arrived. If that stretch is late as well, there was no chance to read, and it is
 * repeated. (Once: in a hidden page, all timers may be late.)
 */

/** Length of the last stretch. A service that sends heartbeats sends several in it. */
const LAST_STRETCH_MS = 1_000;
/** A stretch that takes this many times its length means that the process was not running. */
const LATE = 2;

/** Calls `bark` once, after nothing was heard for `silenceMs`. */
export class Watchdog {
  readonly #silenceMs: number;
  readonly #bark: () => void;
  readonly #keepsAlive: boolean;
  #clearTimer: () => void = () => undefined;

  /**
   * Starts the timer immediately.
   *
   * @param keepsAlive Whether the timer keeps a process of Node or Bun alive. A request that may still be answered does
   * that itself; a socket whose other side is silent may not.
   */
  constructor(silenceMs: number, bark: () => void, { keepsAlive = true } = {}) {
    this.#silenceMs = silenceMs;
    this.#bark = bark;
    this.#keepsAlive = keepsAlive;
    this.heard();
  }

  /** Restarts the timer. */
  heard(): void {
    const lastMs = Math.min(LAST_STRETCH_MS, this.#silenceMs / 2);
    this.#wait(this.#silenceMs - lastMs, () => this.#waitLastStretch(lastMs, true));
  }

  /** Stops the timer; `bark` is not called any more. */
  stop(): void {
    this.#clearTimer();
  }

  #waitLastStretch(stretchMs: number, mayRepeat: boolean): void {
    const begunAtMs = performance.now();
    this.#wait(stretchMs, () => {
      const isLate = performance.now() - begunAtMs > stretchMs * LATE;
      if (isLate && mayRepeat) this.#waitLastStretch(stretchMs, false);
      else this.#bark();
    });
  }

  #wait(durationMs: number, then: () => void): void {
    this.#clearTimer();
    const timer = setTimeout(then, durationMs);
    if (!this.#keepsAlive) unref(timer);
    this.#clearTimer = (): void => clearTimeout(timer);
  }
}

/** Keeps a timer from keeping the process alive, if the platform has processes. */
function unref(timer: unknown): void {
  if (typeof timer !== "object" || timer === null || !("unref" in timer)) return;
  if (typeof timer.unref === "function") timer.unref();
}
