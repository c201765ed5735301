/**
 * The Worker's side of requeueing an acquire that was lost with its object; see requeue.ts for when that
 * happens.
 */
import { isRecord } from "../core/is-record.js";
import { BucketUnreachableError, isTransient } from "../wire/call-with-retry.js";
import { MAX_REQUEUE_PAUSE_MS, Requeue, } from "../wire/requeue.js";
import { isUnwritable } from "../wire/failures.js";
/** How many callers of this isolate are retrying, by bucket. */
const returning = new Map();
function countReturning(bucket, change) {
    const count = (returning.get(bucket) ?? 0) + change;
    if (count > 0)
        returning.set(bucket, count);
    else
        returning.delete(bucket);
}
/**
 * Makes the call, and repeats it while the object is lost during it. Resolves as the call does, with these
 * exceptions:
 *
 * - with `failed` of a `BucketUnreachableError` if the object can't be reached: after some seconds without a
 *   sign of life, when the caller's time is up, and immediately if the object is overloaded or its code threw.
 * - with `failed` of the reason of the caller's signal, if the caller leaves meanwhile. The signal is only read
 *   after a loss: the runtime creates it on access, and that costs more than a grant.
 *
 * A plain acquire has this one promise of Sluice's own, and what it keeps alive while it waits is `acquire`.
 */
export async function callWithRequeue(acquire) {
    try {
        return await acquire.call();
    }
    catch (error) {
        return requeue(acquire, error);
    }
}
async function requeue(acquire, firstError) {
    const { bucket } = acquire;
    countReturning(bucket, 1);
    try {
        return await callUntilAnswered(acquire, firstError);
    }
    catch (error) {
        return acquire.failed(error);
    }
    finally {
        countReturning(bucket, -1);
    }
}
async function callUntilAnswered(acquire, firstError) {
    const signal = acquire.caller?.signal;
    // Without the fraction, which only orders arrivals: what has passed goes to the object in whole milliseconds.
    const elapsed = new Elapsed(Math.floor(acquire.arrivedAtMs));
    const requeue = new Requeue(acquire, 0);
    let attemptedAtMs = 0;
    let repetitions = 0;
    for (let error = firstError;;) {
        signal?.throwIfAborted();
        if (!isTransient(error))
            throw await unreachable(acquire, error);
        const nowMs = elapsed.readMs();
        const lost = { ...readLoss(error), heldMs: nowMs - attemptedAtMs };
        const others = returning.get(acquire.bucket) ?? 1;
        const step = requeue.lost(lost, nowMs, others, Math.random());
        if (step.kind === "timeout")
            return acquire.timedOut();
        if (step.kind === "unavailable")
            throw await unreachable(acquire, error);
        await scheduler.wait(step.pauseMs, signal && { signal });
        attemptedAtMs = elapsed.readMs();
        try {
            if (repetitions > 0)
                await acquire.checkState();
            repetitions += 1;
            return await callWithin(acquire, requeue, step.spreadMs, attemptedAtMs);
        }
        catch (failed) {
            error = failed;
        }
    }
}
/** A call that ends when the caller's time is up, even if the object never answers. */
async function callWithin(acquire, requeue, spreadMs, nowMs) {
    const controller = new AbortController();
    const again = {
        elapsedMs: requeue.elapsedMs(nowMs),
        ...(spreadMs > MAX_REQUEUE_PAUSE_MS && { spreadMs }),
        signal: controller.signal,
    };
    const late = new Promise((_, reject) => {
        controller.signal.addEventListener("abort", () => reject(controller.signal.reason));
    });
    const timer = setTimeout(() => {
        controller.abort(new Error("The bucket did not answer in time"));
    }, requeue.remainingMs(nowMs));
    try {
        return await Promise.race([acquire.call(again), late]);
    }
    finally {
        clearTimeout(timer);
    }
}
/** Time since an acquire arrived. If the clock is set back, no caller waits longer for it than it already has. */
class Elapsed {
    #readAtMs;
    #ms = 0;
    constructor(beganAtMs) {
        this.#readAtMs = beganAtMs;
    }
    readMs() {
        const nowMs = Date.now();
        this.#ms += Math.max(0, nowMs - this.#readAtMs);
        this.#readAtMs = nowMs;
        return this.#ms;
    }
}
function readLoss(error) {
    if (!isRecord(error))
        return { isReset: false, isUnwritable: false };
    const { durableObjectReset, message } = error;
    return { isReset: durableObjectReset === true, isUnwritable: isUnwritable(String(message)) };
}
function unreachable(acquire, cause) {
    return acquire.explain(new BucketUnreachableError("Cannot reach the bucket", { cause }));
}
