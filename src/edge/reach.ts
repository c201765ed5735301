/**
 * Reaching an object that may be reset at any time.
 *
 * A deploy, a runtime update, a move to another machine or a failed commit rejects every call that
 * the object holds. None of that is the caller's business: the Worker calls again, on a fresh stub (a
 * stub that failed so stays broken), after a pause. Pauses grow and are drawn at random, so that
 * thousands who are put back at once do not come as one.
 */
import { isRecord } from "./is-record.ts";

/** Upper bound of the first pause. A new instance gathers callers for longer than this. */
const FIRST_PAUSE_MS = 100;
/** Upper bound of any pause. */
const LONGEST_PAUSE_MS = 5_000;
/** Failures in a row before giving up: 8 to 9 seconds of pauses on average. */
const MOST_FAILURES = 9;
/** Names of the errors that this side's own code throws. */
const CODE_ERRORS = new Set<unknown>(["RangeError", "TypeError", "DataCloneError"]);
/** A call that was held at least this long had reached a working object: the row starts anew. */
const HEALTHY_CALL_MS = 5_000;

/** The object could not be reached; `cause` is the last failure. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/**
 * Calls the object until a call comes through. `call` takes a fresh stub each time; it is handed the
 * number of failures before. Settles as the call does, with these exceptions:
 *
 * @throws {UnreachableError} After `MOST_FAILURES` failures in a row, and at once for a failure that
 * calling again cannot mend: the object is overloaded, or its code threw.
 * @throws The reason of the caller's signal, when it leaves while the object is being reached. The signal
 * is asked for after a failure only: the runtime makes it then, and that costs more than a grant.
 */
export async function reach<Result>(
  call: (failures: number) => Promise<Result>,
  caller: Pick<Request, "signal">,
): Promise<Result> {
  let failuresInARow = 0;
  for (let failures = 0; ; failures += 1) {
    const calledAtMs = Date.now();
    try {
      return await call(failures);
    } catch (error) {
      const { signal } = caller;
      signal.throwIfAborted();
      if (Date.now() - calledAtMs >= HEALTHY_CALL_MS) failuresInARow = 0;
      failuresInARow += 1;
      if (!isPassing(error) || failuresInARow >= MOST_FAILURES) {
        throw new UnreachableError(`Cannot reach the bucket: ${failuresInARow} failures in a row`, {
          cause: error,
        });
      }
      await scheduler.wait(pauseMs(failuresInARow), { signal });
    }
  }
}

/** Whether a call failed because the object has more to do than it can. */
export function isOverloaded(error: unknown): boolean {
  const failure = error instanceof UnreachableError ? error.cause : error;
  return isRecord(failure) && failure["overloaded"] === true;
}

function pauseMs(failuresInARow: number): number {
  const bound = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failuresInARow - 1));
  return Math.random() * bound;
}

/**
 * Whether calling again may help. It cannot where the object is overloaded, nor where code threw, its
 * own (the runtime marks that as `remote`, without saying that the object was reset or the call may be
 * repeated) or this side's (a value that cannot be sent). What else is not marked broke on the way.
 */
function isPassing(error: unknown): boolean {
  if (!isRecord(error) || isOverloaded(error)) return false;
  const { durableObjectReset, retryable, remote, name } = error;
  if (durableObjectReset === true || retryable === true) return true;
  return remote !== true && !CODE_ERRORS.has(name);
}
