import { orAborted, sleep } from "./abort.ts";

/**
 * Resolves when `promise` has settled, however that was, and at the latest after `patienceMs`. Rejects
 * with the signal's reason where `signal` aborts before.
 */
export async function settledWithin(
  promise: Promise<unknown>,
  patienceMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const settled = new AbortController();
  const patience = sleep(patienceMs, settled.signal).catch(() => undefined);
  try {
    await orAborted(Promise.race([promise.catch(() => undefined), patience]), signal);
  } finally {
    settled.abort();
  }
}
