/**
 * Calls to an object that may be reset at any time.
 *
 * A deploy, a runtime update, a move to another machine or a failed commit rejects every call that the object
 * holds. The caller need not know: the Worker calls again, on a fresh stub (a stub that has failed stays
 * broken), after a pause. This is for calls that are answered at once and have no timeout: they get a fixed
 * number of attempts with back-off. An acquire waits in a queue meanwhile and follows its own rules: see
 * requeue.ts.
 */
import { backoffMs } from "../core/backoff.js";
import { isRecord } from "../core/is-record.js";
const BACKOFF = { firstMs: 100, maxMs: 5_000 };
/** Consecutive failures before giving up: 8 to 9 seconds of pauses on average. */
const MAX_FAILURES = 9;
/** Names of errors that this side's own code throws. */
const CODE_ERRORS = new Set([
    "RangeError",
    "TypeError",
    "DataCloneError",
    "UnreadableStateError",
]);
/** The object can't be reached; `cause` is the last failure. */
export class BucketUnreachableError extends Error {
    name = "BucketUnreachableError";
}
/**
 * Calls the object until a call succeeds. `call` takes a fresh stub each time. Settles as the call does, with
 * these exceptions:
 *
 * @throws {BucketUnreachableError} After `MAX_FAILURES` consecutive failures, and at once if calling again
 * can't help: the object is overloaded, or its code threw.
 * @throws The reason of the caller's signal, if the caller leaves while the object is being reached. The
 * signal is only read after a failure: reading it makes the runtime create it, which costs more than a grant.
 */
export async function callWithRetry(call, caller) {
    for (let failures = 1;; failures += 1) {
        try {
            return await call();
        }
        catch (error) {
            const signal = caller?.signal;
            signal?.throwIfAborted();
            if (!isTransient(error) || failures >= MAX_FAILURES) {
                throw new BucketUnreachableError(`Cannot reach the bucket: ${failures} consecutive failures`, {
                    cause: error,
                });
            }
            await scheduler.wait(backoffMs(BACKOFF, failures, Math.random()), signal && { signal });
        }
    }
}
/** Whether a call failed because the object is overloaded. */
export function isOverloaded(error) {
    const failure = error instanceof BucketUnreachableError ? error.cause : error;
    return isRecord(failure) && failure["overloaded"] === true;
}
/**
 * Whether calling again may help. It can't if the object is overloaded, nor if code threw: the object's (which
 * the runtime marks as `remote`, without saying that the object was reset or the call may be repeated) or this
 * side's (a value that can't be sent). Any other unmarked failure happened on the way.
 */
export function isTransient(error) {
    if (!isRecord(error) || isOverloaded(error))
        return false;
    const { durableObjectReset, retryable, remote, name } = error;
    if (durableObjectReset === true || retryable === true)
        return true;
    return remote !== true && !CODE_ERRORS.has(name);
}
