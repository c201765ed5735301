/**
 * When to requeue an acquire that was lost with its object, and for how long to keep trying. The Worker does
 * it (call-with-requeue.ts); the object waits for it (recovery-window.ts).
 *
 * A caller that waited in the queue of a lost instance must be back in its place in the next one before anyone
 * behind it is served there, however often this happens in a row. Two rules ensure it, and both follow from
 * the one constant below:
 *
 * - a caller that may have waited in a queue comes back within `MAX_REQUEUE_PAUSE_MS`, after its first loss
 *   and after its twentieth. Growing pauses would outgrow the window of the next instance;
 * - a new instance admits nobody for `RECOVERY_WINDOW_MS` after its own first sign of life. The callers were
 *   thrown out before that, so all of their pauses end within it.
 *
 * Longer pauses are for an object that repeatedly can't be reached at all. There are two kinds, and neither
 * costs anybody its place. If many callers of this isolate fail at one bucket, their attempts are spread out
 * to about a thousand a second, and each says over how long: the new instance waits that long. Among so many,
 * some come early enough to say so. And a caller that was never in a queue has no place to lose, so its pauses
 * grow.
 *
 * **How long it keeps trying** depends on the caller's own timeout, not on a number of attempts. While the
 * object is being reset but alive, it goes on until that time is used up, and a moment longer, in which the
 * object itself says when to retry. An object without a sign of life ends it sooner.
 */
import { backoffMs } from "../core/backoff.js";
import { queueFields } from "../core/policy.js";
/** The longest pause before a caller that has lost its place comes back. */
export const MAX_REQUEUE_PAUSE_MS = 100;
/** From the end of the pause to the object: the way there, and late timers on a busy machine. */
export const ROUND_TRIP_MS = 150;
/** How long a new instance waits for requeued callers. */
export const RECOVERY_WINDOW_MS = MAX_REQUEUE_PAUSE_MS + ROUND_TRIP_MS;
/** How long a new instance waits for callers whose attempts are spread over `spreadMs`. */
export function recoveryWindowMs(spreadMs = MAX_REQUEUE_PAUSE_MS) {
    return spreadMs + ROUND_TRIP_MS;
}
/**
 * How long a caller may still be on its way after its time is up, whatever the object does: a pause, a window,
 * and a moment for the object to say when to retry. It gives a caller that doesn't want to wait at all one
 * quick retry, which is what a deploy takes.
 */
const GRACE_MS = MAX_REQUEUE_PAUSE_MS + RECOVERY_WINDOW_MS + 150;
/** After this long without a sign of life, the object counts as unreachable. */
const MAX_UNREACHABLE_MS = 8_000;
/** A call that failed sooner was not in a queue, unless the object was reset. */
const HELD_CALL_MS = 50;
/** A call held for this long had reached a working object, whatever ended it. */
const HEALTHY_CALL_MS = 5_000;
/** What each failing caller adds to the spread of all, for about a thousand attempts a second. */
const SPREAD_PER_CALLER_MS = 2;
/** The widest spread: it holds up every caller of that bucket. */
const MAX_SPREAD_MS = 2_000;
/** Consecutive failures before the pauses of a caller without a place grow. */
const SHORT_PAUSES = 8;
/** The longest such pause. */
const MAX_PAUSE_MS = 5_000;
/** Decides about one acquire, from its first loss on. It only decides; the Worker acts. */
export class Requeue {
    #terms;
    #calledAtMs;
    /** The last sign of life. */
    #aliveAtMs;
    /** When a call ended that had been held for long. */
    #healthyAtMs;
    #hasPlace = false;
    #losses = 0;
    #failuresInARow = 0;
    constructor(terms, calledAtMs) {
        this.#terms = terms;
        this.#calledAtMs = calledAtMs;
        this.#aliveAtMs = calledAtMs;
        this.#healthyAtMs = calledAtMs;
    }
    /** How much of the caller's time has passed. */
    elapsedMs(nowMs) {
        return Math.max(0, nowMs - this.#calledAtMs);
    }
    /** How long a call made now may take. */
    remainingMs(nowMs) {
        const { timeoutMs = queueFields.maxWaitMs.max } = this.#terms;
        return Math.max(GRACE_MS, this.#calledAtMs + timeoutMs + GRACE_MS - nowMs);
    }
    /**
     * What to do after a call was lost. `others` is the number of callers of this isolate that are failing at
     * this bucket, including this one; `draw` is a random number from 0 to 1.
     */
    lost(call, nowMs, others, draw) {
        const isSignOfLife = call.isReset && !call.isUnwritable;
        if (isSignOfLife || call.heldMs >= HEALTHY_CALL_MS) {
            this.#aliveAtMs = nowMs;
            this.#failuresInARow = 0;
        }
        if (call.heldMs >= HEALTHY_CALL_MS)
            this.#healthyAtMs = nowMs;
        if (call.isReset || call.heldMs >= HELD_CALL_MS)
            this.#hasPlace = true;
        this.#losses += 1;
        this.#failuresInARow += 1;
        const spreadMs = this.#spreadMs(others);
        const backoff = { firstMs: spreadMs, maxMs: MAX_PAUSE_MS };
        const pauseMs = backoffMs(backoff, this.#growths + 1, draw);
        // Once in any case: a caller held past its time must still hear so from the object.
        if (this.#losses === 1 || nowMs + pauseMs < this.#endsAtMs) {
            return { kind: "again", pauseMs, spreadMs };
        }
        return { kind: isSignOfLife ? "timeout" : "unavailable" };
    }
    /** When to stop trying. */
    get #endsAtMs() {
        const { timeoutMs, maxWaitMs } = this.#terms;
        // The bucket's own policy may allow a longer wait than the configured one, and does if it waited longer.
        const ownEndMs = timeoutMs === undefined ? this.#healthyAtMs + maxWaitMs : this.#calledAtMs + timeoutMs;
        return Math.min(ownEndMs + GRACE_MS, this.#aliveAtMs + MAX_UNREACHABLE_MS);
    }
    #spreadMs(others) {
        if (this.#failuresInARow === 1)
            return MAX_REQUEUE_PAUSE_MS;
        const spreadMs = Math.min(MAX_SPREAD_MS, others * SPREAD_PER_CALLER_MS);
        return Math.max(MAX_REQUEUE_PAUSE_MS, spreadMs);
    }
    /** How often the pauses have doubled. */
    get #growths() {
        return this.#hasPlace ? 0 : Math.max(0, this.#failuresInARow - SHORT_PAUSES);
    }
}
