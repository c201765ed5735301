/**
 * The Worker's side of putting an acquire back that was lost with its object: see requeue.ts for when.
 */
import { isRecord } from "../core/is-record.ts";
import { BucketUnreachableError, isTransient } from "../wire/call-with-retry.ts";
import {
  MAX_REQUEUE_PAUSE_MS,
  Requeue,
  type LostCall,
  type RequeueTerms,
} from "../wire/requeue.ts";
import { UNWRITABLE } from "../wire/failures.ts";

/** What the runtime says where the disk is full. */
const FULL_DISK = "SQLITE_FULL";

/** How many callers of this isolate try in vain, by bucket. */
const returning = new Map<string, number>();

function countReturning(bucket: string, change: 1 | -1): void {
  const count = (returning.get(bucket) ?? 0) + change;
  if (count > 0) returning.set(bucket, count);
  else returning.delete(bucket);
}

/** What goes with a call that is made again. */
interface Again {
  /** How much of the caller's time is gone. */
  readonly elapsedMs: number;
  /** Over how long the callers of this isolate come back; left out where that is the usual. */
  readonly spreadMs?: number;
  /** Aborts when the caller's time is up. */
  readonly signal: AbortSignal;
}

/** An acquire, for `callWithRequeue`. */
export interface LosableAcquire<Result> extends RequeueTerms {
  readonly bucket: string;
  /** Asks the object, on a fresh stub each time. */
  readonly call: (again?: Again) => Promise<Result>;
  /** The answer where resets of the object have used up the caller's time. */
  readonly timedOut: () => Result;
  /** What is thrown instead of the error, where more is known of it. */
  readonly explain?: (error: BucketUnreachableError) => Promise<BucketUnreachableError>;
}

/**
 * Makes the call, and again while the object is lost under it. Settles as the call does, with these
 * exceptions:
 *
 * @throws {BucketUnreachableError} Where the object can't be reached: after some seconds without a sign of life,
 * when the caller's time is up, and at once where it is overloaded or its code threw.
 * @throws The reason of the caller's signal, when it leaves meanwhile. The signal is asked for after a loss
 * only: the runtime makes it then, and that costs more than a grant.
 */
export async function callWithRequeue<Result>(
  acquire: LosableAcquire<Result>,
  caller: Pick<Request, "signal">,
): Promise<Result> {
  const calledAtMs = Date.now();
  try {
    return await acquire.call();
  } catch (error) {
    const { bucket } = acquire;
    countReturning(bucket, 1);
    try {
      return await callAgain(acquire, caller.signal, calledAtMs, error);
    } finally {
      countReturning(bucket, -1);
    }
  }
}

async function callAgain<Result>(
  acquire: LosableAcquire<Result>,
  signal: AbortSignal,
  calledAtMs: number,
  firstError: unknown,
): Promise<Result> {
  const elapsed = new Elapsed(calledAtMs);
  const requeue = new Requeue(acquire, 0);
  let attemptedAtMs = 0;
  for (let error = firstError; ;) {
    signal.throwIfAborted();
    if (!isTransient(error)) throw await unreachable(acquire, error);
    const nowMs = elapsed.readMs();
    const lost = { ...readLoss(error), heldMs: nowMs - attemptedAtMs };
    const others = returning.get(acquire.bucket) ?? 1;
    const step = requeue.lost(lost, nowMs, others, Math.random());
    if (step.kind === "timeout") return acquire.timedOut();
    if (step.kind === "unavailable") throw await unreachable(acquire, error);
    await scheduler.wait(step.pauseMs, { signal });
    attemptedAtMs = elapsed.readMs();
    try {
      return await callWithin(acquire, requeue, step.spreadMs, attemptedAtMs);
    } catch (failed) {
      error = failed;
    }
  }
}

/** A call that ends when the caller's time is up, though the object should say nothing at all. */
async function callWithin<Result>(
  { call }: LosableAcquire<Result>,
  requeue: Requeue,
  spreadMs: number,
  nowMs: number,
): Promise<Result> {
  const controller = new AbortController();
  const again: Again = {
    elapsedMs: requeue.elapsedMs(nowMs),
    ...(spreadMs > MAX_REQUEUE_PAUSE_MS && { spreadMs }),
    signal: controller.signal,
  };
  const late = new Promise<never>((_, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason));
  });
  const timer = setTimeout(() => {
    controller.abort(new Error("The bucket did not answer in time"));
  }, requeue.remainingMs(nowMs));
  try {
    return await Promise.race([call(again), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Time since a call began. A clock that is set back makes nobody wait for longer than it was held before. */
class Elapsed {
  #readAtMs: number;
  #ms = 0;

  constructor(calledAtMs: number) {
    this.#readAtMs = calledAtMs;
  }

  readMs(): number {
    const nowMs = Date.now();
    this.#ms += Math.max(0, nowMs - this.#readAtMs);
    this.#readAtMs = nowMs;
    return this.#ms;
  }
}

function readLoss(error: unknown): Pick<LostCall, "isReset" | "isUnwritable"> {
  if (!isRecord(error)) return { isReset: false, isUnwritable: false };
  const { durableObjectReset, message } = error;
  const text = String(message);
  return {
    isReset: durableObjectReset === true,
    isUnwritable: text === UNWRITABLE || text.includes(FULL_DISK),
  };
}

async function unreachable<Result>(
  { explain }: LosableAcquire<Result>,
  cause: unknown,
): Promise<BucketUnreachableError> {
  const error = new BucketUnreachableError("Cannot reach the bucket", { cause });
  return (await explain?.(error)) ?? error;
}
