/** Waiting, by the timers that every runtime has. */

/** Longest that a timer can be set for: the number of milliseconds is kept in 31 bits. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Resolves after `durationMs`. Rejects with the signal's reason where `signal` aborts before, and leaves
 * no timer behind.
 */
export function sleep(durationMs: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as unknown);
    };
    const wake = (): void => {
      signal?.removeEventListener("abort", stop);
      resolve();
    };
    const timer = setTimeout(wake, Math.min(Math.max(0, durationMs), MAX_TIMER_MS));
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/**
 * Resolves when `promise` has settled, however that was, and at the latest after `patienceMs`. Rejects
 * with the signal's reason where `signal` aborts before.
 */
export async function settledWithin(
  promise: Promise<unknown>,
  patienceMs: number,
  signal?: AbortSignal | null,
): Promise<void> {
  const over = new AbortController();
  const signals = signal ? [over.signal, signal] : [over.signal];
  const patience = sleep(patienceMs, AbortSignal.any(signals));
  try {
    await Promise.race([promise.catch(() => undefined), patience]);
  } finally {
    over.abort();
    patience.catch(() => undefined);
  }
}
