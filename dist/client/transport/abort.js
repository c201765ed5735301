/**
 * Waiting that ends as soon as a signal aborts, whether or not the awaited operation supports
 * signals.
 */
import { onAbort } from "../../on-abort.js";
import { Deferred } from "./deferred.js";
/**
 * Settles as `promise` does, or rejects with the signal's reason as soon as it aborts. The
 * operation behind `promise` is not stopped; its result is ignored.
 */
export async function orAborted(promise, signal) {
    if (!signal)
        return promise;
    const aborted = new Deferred();
    const abort = () => aborted.reject(signal.reason);
    if (signal.aborted)
        abort();
    const stopListening = onAbort(signal, abort);
    try {
        return await Promise.race([promise, aborted.promise]);
    }
    finally {
        stopListening();
    }
}
/** Resolves after `durationMs`. Rejects with the signal's reason as soon as it aborts. */
export async function sleep(durationMs, signal) {
    const passed = new Deferred();
    const timer = setTimeout(() => passed.resolve(), durationMs);
    try {
        await orAborted(passed.promise, signal);
    }
    finally {
        clearTimeout(timer);
    }
}
