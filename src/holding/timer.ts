/** One timer, which may be set again and cleared at any time. */
export class Timer {
  #clear: () => void = () => undefined;

  /** Calls `then` once after `durationMs`, or at once if that is negative, in place of what was set before. */
  set(durationMs: number, then: () => void): void {
    this.clear();
    const timer = setTimeout(then, Math.max(0, durationMs));
    this.#clear = (): void => clearTimeout(timer);
  }

  clear(): void {
    this.#clear();
  }
}
