/**
 * The first moments of an instance whose predecessor went while callers waited.
 *
 * The Worker puts them back, each after a short random pause, so they come in any order, and newcomers
 * come among them. Whoever was let in at once might be granted ahead of somebody who stood before it.
 * So all who come are gathered until the pauses are over, and let in together: those who are put back
 * in the order of their first arrival, then the newcomers.
 */
import type { Clock } from "./clock.ts";

import { RECOVERY_WINDOW_MS, ROUND_TRIP_MS, recoveryWindowMs } from "../wire/requeue.ts";

/** The longest gathering: it is no use to hold everybody up for those who still have not come by then. */
const MAX_WINDOW_MS = 3_000;

/** Why requests are sent away that have not been let in. */
export type RejectReason = "reset" | "unavailable" | "cancelled";

/** A request at the door. */
export interface RecoveringRequest {
  /** When it first arrived, epoch milliseconds; `undefined` for a newcomer. */
  readonly firstArrivalMs: number | undefined;
  /** Its idempotency key, if it has one. */
  readonly key: string | undefined;
  /** Over how long the callers come back that it is one of. */
  readonly spreadMs?: number | undefined;
  /** Lets it in; all are let in by one reading of the clock. */
  readonly admit: (nowMs: number) => void;
  /** Sends it away, for good. Answers `false` where its caller has left already. */
  readonly reject: (why: RejectReason) => boolean;
}

/**
 * Requests that are held until all who are put back have come. The window is measured by timers, so a clock
 * that is set meanwhile neither opens nor closes it.
 */
export class RecoveryWindow {
  readonly #clock: Clock;
  readonly #endsAtMs: number;
  #windowMs = RECOVERY_WINDOW_MS;
  /** How much of it is over. */
  #passedMs = 0;
  /** Whether anybody has come back in the part of it that runs. */
  #hasReturns = false;
  #requests: RecoveringRequest[] = [];
  #isTimed = false;
  #isOver = false;

  /** Begins now, which is the instance's first sign of life. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#endsAtMs = clock.now() + RECOVERY_WINDOW_MS;
  }

  /** Whether requests are still to be held at `nowMs`. */
  isOpen(nowMs: number): boolean {
    return !this.#isOver && (this.#isTimed || nowMs < this.#endsAtMs);
  }

  /** Holds a request. It is let in when the gathering ends, by timers that the first one starts. */
  hold(request: RecoveringRequest, nowMs: number): void {
    const { firstArrivalMs, spreadMs } = request;
    if (firstArrivalMs !== undefined) {
      this.#hasReturns = true;
      this.#windowMs = Math.max(this.#windowMs, recoveryWindowMs(spreadMs));
    }
    this.#requests.push(request);
    if (this.#isTimed) return;
    this.#isTimed = true;
    const restMs = Math.min(RECOVERY_WINDOW_MS, Math.max(0, this.#endsAtMs - nowMs));
    this.#passedMs = RECOVERY_WINDOW_MS - restMs;
    this.#wait();
  }

  /** Sends all away who are held. */
  rejectAll(why: RejectReason): void {
    for (const { reject } of this.#take()) reject(why);
  }

  /** Sends those away who are held with this key. Answers whether there was one. */
  cancel(key: string): boolean {
    const leaving = this.#requests.filter((request) => request.key === key);
    if (leaving.length === 0) return false;
    this.#requests = this.#requests.filter((request) => request.key !== key);
    return leaving.filter(({ reject }) => reject("cancelled")).length > 0;
  }

  /**
   * Waits for the rest of the window. It ends when nobody has come back in its last part: on a machine that
   * is busy with those who do, they come behind one another.
   */
  #wait(): void {
    const restMs = this.#windowMs - this.#passedMs;
    if (restMs > ROUND_TRIP_MS) {
      this.#pass(restMs - ROUND_TRIP_MS);
    } else if (restMs > 0) {
      this.#pass(restMs);
    } else if (this.#hasReturns && this.#passedMs < MAX_WINDOW_MS) {
      this.#pass(ROUND_TRIP_MS);
    } else {
      this.#admitAll();
    }
  }

  #pass(ms: number): void {
    this.#hasReturns = false;
    this.#clock.setTimer(() => {
      this.#passedMs += ms;
      this.#wait();
    }, ms);
  }

  #admitAll(): void {
    this.#isOver = true;
    const requests = this.#take();
    const requeued = requests.filter((request) => request.firstArrivalMs !== undefined);
    const newcomers = requests.filter((request) => request.firstArrivalMs === undefined);
    requeued.sort((a, b) => Number(a.firstArrivalMs) - Number(b.firstArrivalMs));
    const nowMs = this.#clock.now();
    for (const { admit } of [...requeued, ...newcomers]) admit(nowMs);
  }

  #take(): RecoveringRequest[] {
    const requests = this.#requests;
    this.#requests = [];
    return requests;
  }
}
