/**
 * Reaching an object that may be reset at any time.
 *
 * A deploy, a runtime update, a move to another machine or a failed commit rejects every call that
 * the object holds. None of that is the caller's business: the Worker calls again, on a fresh stub (a
 * stub that failed so stays broken), after a pause. Here are the calls that are answered at once and have
 * no timeout of their own: they get a fixed number of tries, in pauses that grow and are drawn at random.
 * An acquire, which stands in a queue meanwhile, has rules of its own: see requeue.ts.
 */
import { type Backoff, backoffMs } from "../core/backoff.ts";
import { isRecord } from "../core/is-record.ts";

const BACKOFF: Backoff = { firstMs: 100, maxMs: 5_000 };
/** Failures in a row before giving up: 8 to 9 seconds of pauses on average. */
const MAX_FAILURES = 9;
/** Names of the errors that this side's own code throws. */
const CODE_ERRORS = new Set<unknown>([
  "RangeError",
  "TypeError",
  "DataCloneError",
  "UnreadableStateError",
]);

/** The object could not be reached; `cause` is the last failure. */
export class BucketUnreachableError extends Error {
  override readonly name = "BucketUnreachableError";
}

/**
 * Calls the object until a call comes through. `call` takes a fresh stub each time. Settles as the call
 * does, with these exceptions:
 *
 * @throws {BucketUnreachableError} After `MAX_FAILURES` failures in a row, and at once for a failure that
 * calling again cannot mend: the object is overloaded, or its code threw.
 * @throws The reason of the caller's signal, when it leaves while the object is being reached. The signal
 * is asked for after a failure only: the runtime makes it then, and that costs more than a grant.
 */
export async function callWithRetry<Result>(
  call: () => Promise<Result>,
  caller: Pick<Request, "signal">,
): Promise<Result> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await call();
    } catch (error) {
      const { signal } = caller;
      signal.throwIfAborted();
      if (!isTransient(error) || failures >= MAX_FAILURES) {
        throw new BucketUnreachableError(`Cannot reach the bucket: ${failures} failures in a row`, {
          cause: error,
        });
      }
      await scheduler.wait(backoffMs(BACKOFF, failures, Math.random()), { signal });
    }
  }
}

/** Whether a call failed because the object has more to do than it can. */
export function isOverloaded(error: unknown): boolean {
  const failure = error instanceof BucketUnreachableError ? error.cause : error;
  return isRecord(failure) && failure["overloaded"] === true;
}

/**
 * Whether calling again may help. It cannot where the object is overloaded, nor where code threw, its
 * own (the runtime marks that as `remote`, without saying that the object was reset or the call may be
 * repeated) or this side's (a value that cannot be sent). What else is not marked broke on the way.
 */
export function isTransient(error: unknown): boolean {
  if (!isRecord(error) || isOverloaded(error)) return false;
  const { durableObjectReset, retryable, remote, name } = error;
  if (durableObjectReset === true || retryable === true) return true;
  return remote !== true && !CODE_ERRORS.has(name);
}
