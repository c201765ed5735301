/**
 * Keys of callers that are not in the queue any more: those whose connection broke while they waited, and
 * those that were cancelled.
 *
 * A caller whose connection broke may come back with its key and take its old place. Until then it occupies
 * no place: all that remains of it is its entry here. A cancelled caller can't come back. Its requests may
 * still be in flight, so the key is refused for a while, and is free again after that.
 *
 * Everything is in memory only, bounded in time and in number, and is lost with the object. The longest
 * possible key makes an entry of about half a kilobyte.
 */
import type { Waiter } from "../core/queue/waiter-queue.ts";
import type { Asked } from "./idempotency-store.ts";

import { RecentKeys } from "./recent-keys.ts";

/** How long a caller may take to come back to its place: clients reconnect within seconds. */
const ABSENT_MS = 30_000;
/** Callers remembered as absent: as many as a queue can hold. */
const MAX_ABSENT = 10_000;
/** How long a key stays cancelled: its acquire may be in flight, or about to be requeued. */
const CANCELLED_MS = 10_000;
/** Cancelled keys that are remembered. */
const MAX_CANCELLED = 10_000;

/** A place in the queue that its caller may still come back to. */
export interface AbsentPlace {
  readonly asked: Asked;
  /** The timeout that applied, which may have been the policy's. */
  readonly timeoutMs: number;
  readonly arrival: Arrival;
  /** What its tickets call it, if any was sent. */
  readonly placeId?: string | undefined;
  /** See `Caller.ticket`. */
  readonly ticket?: string | undefined;
}

/** What an arrival has fixed for good. */
export type Arrival = Pick<Waiter<unknown>, "queuedAtMs" | "deadlineAtMs" | "arrivalNumber">;

/** The arrival of `waiter`, without its caller: the waiter itself would keep that in memory. */
export function arrivalOf({ queuedAtMs, deadlineAtMs, arrivalNumber }: Waiter<unknown>): Arrival {
  return { queuedAtMs, deadlineAtMs, ...(arrivalNumber !== undefined && { arrivalNumber }) };
}

/** The absent and cancelled callers of one bucket. */
export class AbsentCallers {
  readonly #absent = new RecentKeys<AbsentPlace>(ABSENT_MS, MAX_ABSENT);
  readonly #cancelled = new RecentKeys<true>(CANCELLED_MS, MAX_CANCELLED);

  /** The last request for a place has disconnected. If it was cancelled meanwhile, it can't come back. */
  leave(key: string, place: AbsentPlace, nowMs: number): void {
    if (!this.isCancelled(key, nowMs)) this.#absent.note(key, place, nowMs);
  }

  /** The place that the absent caller with this key may come back to. */
  find(key: string, nowMs: number): AbsentPlace | undefined {
    return this.#absent.find(key, nowMs);
  }

  /** An acquire with this key has been admitted or refused. */
  arrive(key: string): void {
    this.#absent.forget(key);
  }

  /**
   * Cancels the acquire with this key, and everything that arrives with it in the next 10 seconds. Returns
   * its place if it was absent and could still have been granted.
   */
  cancel(key: string, nowMs: number): AbsentPlace | undefined {
    const place = this.#absent.find(key, nowMs);
    this.#absent.forget(key);
    this.#cancelled.note(key, true, nowMs);
    return place && nowMs <= place.arrival.deadlineAtMs ? place : undefined;
  }

  isCancelled(key: string, nowMs: number): boolean {
    return this.#cancelled.find(key, nowMs) === true;
  }

  forgetAll(): void {
    this.#absent.forgetAll();
    this.#cancelled.forgetAll();
  }
}
