/**
 * The clock that holds and permits are kept by: this machine's monotonic one, and for what is reached through a fake
 * Sluice, the fake's. Otherwise a hold would end by one clock, and be extended by the other.
 */

/** A clock that never jumps back, and its timers. */
export interface HolderClock {
  /** Milliseconds from any moment on. */
  now(): number;
  /** Calls back once after `delayMs`, unless the returned function is called first. */
  setTimer(callback: () => void, delayMs: number): () => void;
}

const clocks = new WeakMap<object, HolderClock>();

/** The clock of this machine. */
export const realClock: HolderClock = {
  now: () => performance.now(),
  setTimer: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** What is granted through `limiter`, a service or a client, is kept by `clock`. */
export function setHolderClock(limiter: object, clock: HolderClock): void {
  clocks.set(limiter, clock);
}

/** The clock for what is granted through `limiter`. */
export function holderClockOf(limiter: object): HolderClock {
  return clocks.get(limiter) ?? realClock;
}
