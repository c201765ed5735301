import { realClock, type HolderClock } from "./holder-clock.ts";

/** One timer, which may be set again and cleared at any time. */
export class Timer {
  readonly #clock: HolderClock;
  #clear: () => void = () => undefined;

  constructor(clock = realClock) {
    this.#clock = clock;
  }

  /** Calls `then` once after `durationMs`, or at once if that is negative, in place of what was set before. */
  set(durationMs: number, then: () => void): void {
    this.clear();
    this.#clear = this.#clock.setTimer(then, Math.max(0, durationMs));
  }

  clear(): void {
    this.#clear();
  }
}
