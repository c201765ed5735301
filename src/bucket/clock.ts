/** The time, as the object's parts are handed it: they own none, so that a simulator can. */

/** A wall clock and its timers. */
export interface Clock {
  /** Epoch milliseconds. May stand still, and may jump either way. */
  now(): number;
  /** Told once, at the start, how late it was before. */
  notBefore?(atMs: number): void;
  /** Calls back after `delayMs`, once, unless the function that it returns is called before. */
  setTimer(callback: () => void, delayMs: number): () => void;
}
