/**
 * Keys of callers that are not here: of those whose connection broke while they waited, and of those that
 * were cancelled.
 *
 * One whose connection broke may come back with its key and take its old place again. Until then it fills
 * none: all that is left of it is what is remembered here. One that was cancelled does not come back; its
 * requests may still be on their way, so the key is refused for a while, and is free again then.
 *
 * All of it is in memory only, bounded in time and in number, and goes with the object. The longest key makes
 * an entry of about half a kilobyte.
 */
import type { Waiter } from "../core/queue/waiter-queue.ts";
import type { Asked } from "./idempotency-store.ts";

import { RecentKeys } from "./recent-keys.ts";

/** Within this time a caller may come back to its place: connections are made again in seconds. */
const AWAY_MS = 30_000;
/** Callers that may be away: as many as a queue can hold. */
const MAX_AWAY = 10_000;
/** For how long a key stays cancelled: its acquire may be on the way, or about to be put back. */
const CANCELLED_MS = 10_000;
/** Cancelled keys that are remembered. */
const MAX_CANCELLED = 10_000;

/** A place in the queue that nobody fills. */
export interface AwayPlace {
  readonly asked: Asked;
  /** The timeout that held for it, which may have been the policy's. */
  readonly timeoutMs: number;
  readonly arrival: Arrival;
}

/** What its arrival has fixed for good. */
export type Arrival = Pick<Waiter<unknown>, "queuedAtMs" | "deadlineAtMs" | "arrivalNumber">;

/** Those of one bucket. */
export class AbsentCallers {
  readonly #away = new RecentKeys<AwayPlace>(AWAY_MS, MAX_AWAY);
  readonly #cancelled = new RecentKeys<true>(CANCELLED_MS, MAX_CANCELLED);

  /** The last request of a place has left. One that was cancelled meanwhile does not come back. */
  leave(key: string, place: AwayPlace, nowMs: number): void {
    if (!this.isCancelled(key, nowMs)) this.#away.note(key, place, nowMs);
  }

  /** The place of one that is away. */
  find(key: string, nowMs: number): AwayPlace | undefined {
    return this.#away.find(key, nowMs);
  }

  /** An acquire with this key has been let in, or refused. */
  arrive(key: string): void {
    this.#away.forget(key);
  }

  /**
   * The acquire with this key is cancelled, and whatever comes with it in the next 10 seconds. Answers
   * whether it was away, and could still have been granted.
   */
  cancel(key: string, nowMs: number): boolean {
    const place = this.#away.find(key, nowMs);
    this.#away.forget(key);
    this.#cancelled.note(key, true, nowMs);
    return place !== undefined && nowMs <= place.arrival.deadlineAtMs;
  }

  isCancelled(key: string, nowMs: number): boolean {
    return this.#cancelled.find(key, nowMs) === true;
  }

  forgetAll(): void {
    this.#away.forgetAll();
    this.#cancelled.forgetAll();
  }
}
