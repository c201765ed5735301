/**
 * Waiting that ends as soon as a signal aborts, whether or not the awaited operation supports
 * signals.
 */
import { onAbort } from "../../on-abort.ts";
import { Deferred } from "./deferred.ts";

/**
 * Settles as `promise` does, or rejects with the signal's reason as soon as it aborts. The
 * operation behind `promise` is not stopped; its result is ignored.
 */
export async function orAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (!signal) return promise;
  const aborted = new Deferred<never>();
  const abort = (): void => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  const stopListening = onAbort(signal, abort);
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    stopListening();
  }
}

/** Resolves after `durationMs`. Rejects with the signal's reason as soon as it aborts. */
export async function sleep(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  const passed = new Deferred<void>();
  const timer = setTimeout(() => passed.resolve(), durationMs);
  try {
    await orAborted(passed.promise, signal);
  } finally {
    clearTimeout(timer);
  }
}
