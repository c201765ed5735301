import { orAborted, sleep } from "./abort.js";
/**
 * Resolves when `promise` settles, either way, and at the latest after `maxMs`. Rejects with the
 * signal's reason if `signal` aborts first.
 */
export async function settledWithin(promise, maxMs, signal) {
    const settled = new AbortController();
    const timeout = sleep(maxMs, settled.signal).catch(() => undefined);
    try {
        await orAborted(Promise.race([promise.catch(() => undefined), timeout]), signal);
    }
    finally {
        settled.abort();
    }
}
