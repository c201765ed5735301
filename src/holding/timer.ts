/** One timer, which may be set again and cleared at any time. */
export class Timer {
  #clear: () => void = () => undefined;

  /** Calls `then` once after `durationMs`, in place of what was set before. */
  set(durationMs: number, then: () => void): void {
    this.clear();
    const timer = setTimeout(then, durationMs);
    this.#clear = (): void => clearTimeout(timer);
  }

  clear(): void {
    this.#clear();
  }
}
