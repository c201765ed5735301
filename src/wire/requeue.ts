/**
 * When an acquire is put back that was lost with its object, and for how long it goes on. The Worker does it
 * (call-with-requeue.ts); the object waits for it (recovery-window.ts).
 *
 * A caller that stood in the queue of an instance that is gone has to stand at its place in the next one
 * before anybody behind it is served there, however often that happens in a row. Two rules see to it, and
 * both come from the one constant below:
 *
 * - a caller that may have stood in a queue comes back within `MAX_REQUEUE_PAUSE_MS`, after its first loss
 *   and after its twentieth. Pauses that grow would grow beyond the window of the instance that comes next;
 * - a new instance lets nobody in for `RECOVERY_WINDOW_MS`, counted from its own first sign of life. The
 *   callers were turned out before that, so all of their pauses end within it.
 *
 * Longer pauses are for an object that can't be reached at all, again and again. They come in two kinds,
 * and neither costs anybody its place. Where many callers of this isolate try in vain at one bucket, their
 * tries are spread so that they come to about a thousand a second, and each says over how long: the new
 * instance waits as long. Of so many, some come early enough to say so. And a caller that has never been
 * let in has no place to lose: its pauses grow.
 *
 * **How long it goes on** is the caller's own time, not a number of tries: while the object is reset and
 * lives, until that is used up, and a moment longer, in which the object itself says when to come back.
 * An object that shows no sign of life ends it sooner.
 */
import { backoffMs } from "../core/backoff.ts";
import { policyRanges } from "../core/policy.ts";

/** The longest pause before a caller comes back that has lost its place. */
export const MAX_REQUEUE_PAUSE_MS = 100;
/** From the end of the pause to the object: for the way there, and for late timers of a busy machine. */
export const ROUND_TRIP_MS = 150;
/** For how long a new instance waits for those who are put back. */
export const RECOVERY_WINDOW_MS = MAX_REQUEUE_PAUSE_MS + ROUND_TRIP_MS;

/** Where an instance waits for callers whose tries are spread over `spreadMs`: for how long. */
export function recoveryWindowMs(spreadMs = MAX_REQUEUE_PAUSE_MS): number {
  return spreadMs + ROUND_TRIP_MS;
}

/**
 * After a caller's time is up it may still be on its way: for a pause, for a window, and for the object to
 * say when to come back. So long and no longer, whatever the object does. One that doesn't want to wait at
 * all gets one quick retry by that, which is what a deploy takes.
 */
const GRACE_MS = MAX_REQUEUE_PAUSE_MS + RECOVERY_WINDOW_MS + 150;

/** Without a sign of life for so long, the object can't be reached. */
const MAX_UNREACHABLE_MS = 8_000;
/** A call that failed sooner didn't stand in a queue, unless the object was reset. */
const HELD_CALL_MS = 50;
/** A call that was held for so long had reached a working object, whatever ended it. */
const HEALTHY_CALL_MS = 5_000;
/** What each caller that tries in vain adds to the spread of all: a thousand tries a second. */
const SPREAD_PER_CALLER_MS = 2;
/** The widest spread: what it holds up is everybody at that bucket. */
const MAX_SPREAD_MS = 2_000;
/** Failures in a row before the pauses of a caller grow that has no place. */
const SHORT_PAUSES = 8;
/** The longest of these. */
const MAX_PAUSE_MS = 5_000;

/** What the end of a call says of the object. */
export interface LostCall {
  /** The object was there, and was reset. */
  readonly isReset: boolean;
  /** It was there and could write nothing: as good as not there. */
  readonly isUnwritable: boolean;
  /** How long the call was held. */
  readonly heldMs: number;
}

/** What is to be done about a lost call. */
export type RequeueStep =
  /** Try again after `pauseMs`; `spreadMs` is what that was drawn from. */
  | { readonly kind: "again"; readonly pauseMs: number; readonly spreadMs: number }
  /** The resets of a living object have used up the caller's time. */
  | { readonly kind: "timeout" }
  /** The object can't be reached. */
  | { readonly kind: "unavailable" };

/** What a caller asked for, as far as it matters here. */
export interface RequeueTerms {
  /** Left out: as long as the policy allows, which only the object knows for certain. */
  readonly timeoutMs?: number;
  /** Of the configured policy. */
  readonly maxWaitMs: number;
}

/** One acquire that is put back, from its first loss on: decides, and does nothing. */
export class Requeue {
  readonly #terms: RequeueTerms;
  readonly #calledAtMs: number;
  /** The last sign of life. */
  #aliveAtMs: number;
  /** When a call ended that was held for long. */
  #healthyAtMs: number;
  #hasPlace = false;
  #losses = 0;
  #failuresInARow = 0;

  constructor(terms: RequeueTerms, calledAtMs: number) {
    this.#terms = terms;
    this.#calledAtMs = calledAtMs;
    this.#aliveAtMs = calledAtMs;
    this.#healthyAtMs = calledAtMs;
  }

  /** How much of the caller's time is gone. */
  elapsedMs(nowMs: number): number {
    return Math.max(0, nowMs - this.#calledAtMs);
  }

  /** For how long a call that is made now may be under way. */
  remainingMs(nowMs: number): number {
    const { timeoutMs = policyRanges.maxWaitMs.max } = this.#terms;
    return Math.max(GRACE_MS, this.#calledAtMs + timeoutMs + GRACE_MS - nowMs);
  }

  /**
   * A call has been lost. `others` is how many callers of this isolate try in vain at this bucket, this one
   * included; `draw` is a number from 0 to 1.
   */
  lost(call: LostCall, nowMs: number, others: number, draw: number): RequeueStep {
    const isSignOfLife = call.isReset && !call.isUnwritable;
    if (isSignOfLife || call.heldMs >= HEALTHY_CALL_MS) {
      this.#aliveAtMs = nowMs;
      this.#failuresInARow = 0;
    }
    if (call.heldMs >= HEALTHY_CALL_MS) this.#healthyAtMs = nowMs;
    if (call.isReset || call.heldMs >= HELD_CALL_MS) this.#hasPlace = true;
    this.#losses += 1;
    this.#failuresInARow += 1;
    const spreadMs = this.#spreadMs(others);
    const backoff = { firstMs: spreadMs, maxMs: MAX_PAUSE_MS };
    const pauseMs = backoffMs(backoff, this.#growths + 1, draw);
    // Once in any case: one that was held past its time has still to hear of it from the object.
    if (this.#losses === 1 || nowMs + pauseMs < this.#endsAtMs) {
      return { kind: "again", pauseMs, spreadMs };
    }
    return { kind: isSignOfLife ? "timeout" : "unavailable" };
  }

  /** When to stop trying. */
  get #endsAtMs(): number {
    const { timeoutMs, maxWaitMs } = this.#terms;
    // A policy of the bucket's own may let it wait for longer than the configured one, and has where it did.
    const ownEndMs =
      timeoutMs === undefined ? this.#healthyAtMs + maxWaitMs : this.#calledAtMs + timeoutMs;
    return Math.min(ownEndMs + GRACE_MS, this.#aliveAtMs + MAX_UNREACHABLE_MS);
  }

  #spreadMs(others: number): number {
    if (this.#failuresInARow === 1) return MAX_REQUEUE_PAUSE_MS;
    const spreadMs = Math.min(MAX_SPREAD_MS, others * SPREAD_PER_CALLER_MS);
    return Math.max(MAX_REQUEUE_PAUSE_MS, spreadMs);
  }

  /** How often the pauses have doubled. */
  get #growths(): number {
    return this.#hasPlace ? 0 : Math.max(0, this.#failuresInARow - SHORT_PAUSES);
  }
}
