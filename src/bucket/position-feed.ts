/**
 * Tells waiting requests their place in the queue, if they want to know, and decides when.
 *
 * Only requests that follow their place pay for this: in a bucket without followers nothing happens here. A
 * caller that joins at the end of the queue moves no other, so only the newcomer is notified, in one step.
 * Any other turn may have moved everyone. Then the queue is walked once, and a follower is notified if its
 * position or the instant of its grant has changed; an ETA that shrinks as time passes is not a change.
 *
 * The walk comes a moment after the turn, so that callers granted by the turn hear of it before others hear
 * that they have moved, and so that a burst of turns makes one round. A turn that moves a thousand followers
 * notifies a thousand, so after each round there is a pause as long as the round was large, and everything
 * that happens during the pause makes one round at its end. Ten followers still hear of every tick of the
 * fastest possible bucket, and a hundred hear of ten ticks a second; beyond that, every follower hears its
 * latest place at the end of each pause.
 */
import type { Limiter } from "../core/limiter.ts";
import type { Place, Turn } from "../core/turn.ts";
import type { Clock } from "./clock.ts";
import type { FollowingRequest } from "./held-request.ts";

import { CoalescingTimer } from "./coalescing-timer.ts";

/** From a turn to its round: about as long as writing the turn to disk takes. */
const ROUND_DELAY_MS = 1;
/**
 * The pause after a round, per request notified. Notifying one takes an eighth of that, measured from the
 * object to the client's socket, all in one process.
 */
const PAUSE_PER_NOTIFIED_MS = 1;
/** The same per place visited: about fifty times what the visit takes. */
const PAUSE_PER_PLACE_MS = 0.005;

type Following = Pick<FollowingRequest, "moved" | "wantsFirstPlaceOnly">;

/** A request that follows its place, and the place it was last notified of. */
interface Follower {
  readonly request: Following;
  position: number;
  grantAtMs: number;
}

/** The followers of one bucket. */
export class PositionFeed<Caller> {
  readonly #timer: CoalescingTimer;
  readonly #ticketOf: (caller: Caller) => string;
  /** By the place they share. All of these places are in the queue. */
  readonly #followers = new Map<Caller, Follower[]>();
  /** The limiter that has these places; a new one after a reset. */
  #limiter: Limiter<Caller> | undefined = undefined;
  #pauseMs = 0;
  #pausesUntilMs = -Infinity;

  /** @param ticketOf The ticket of a caller that waits, which goes with each notice of its place. */
  constructor(clock: Clock, ticketOf: (caller: Caller) => string) {
    this.#ticketOf = ticketOf;
    this.#timer = new CoalescingTimer(clock, () => this.#notifyMoved(clock.now()));
  }

  /** `caller` waits; from now on `request` is notified of its place. */
  add(caller: Caller, request: Following, limiter: Limiter<Caller>, nowMs: number): void {
    const follower = { request, position: 0, grantAtMs: 0 };
    const last = limiter.lastPlace;
    const isLast = last?.waiter.caller === caller;
    if (isLast) this.#notify(follower, last, nowMs);
    if (isLast && request.wantsFirstPlaceOnly) return;
    const followers = this.#followers.get(caller);
    if (followers) followers.push(follower);
    else this.#followers.set(caller, [follower]);
    if (!isLast) this.#moved(limiter, nowMs);
  }

  /** One request of `caller` leaves. Comes before the turn that gives up the place. */
  remove(caller: Caller, request: Following): void {
    const others =
      this.#followers.get(caller)?.filter((follower) => follower.request !== request) ?? [];
    if (others.length > 0) this.#followers.set(caller, others);
    else this.#followers.delete(caller);
  }

  /** `caller` no longer waits. */
  forget(caller: Caller): void {
    if (this.#followers.size > 0) this.#followers.delete(caller);
  }

  /** A turn is over, and the callers it settled have been forgotten. */
  turned(limiter: Limiter<Caller>, { waiter, settled }: Turn<Caller>, nowMs: number): void {
    if (this.#followers.size === 0) return;
    const isArrival = waiter !== undefined && settled.length === 0;
    if (isArrival && limiter.lastPlace?.waiter === waiter) return;
    this.#moved(limiter, nowMs);
  }

  /** Places may have changed. */
  #moved(limiter: Limiter<Caller>, nowMs: number): void {
    this.#limiter = limiter;
    // A clock that has jumped back must not delay anyone.
    const restMs = Math.min(this.#pauseMs, this.#pausesUntilMs - nowMs);
    this.#timer.set(Math.max(ROUND_DELAY_MS, restMs));
  }

  #notifyMoved(nowMs: number): void {
    let callersLeft = this.#followers.size;
    let places = 0;
    let notified = 0;
    for (const place of this.#limiter?.places() ?? []) {
      if (callersLeft === 0) break;
      places = place.position;
      const followers = this.#followers.get(place.waiter.caller);
      if (!followers) continue;
      callersLeft -= 1;
      for (const follower of followers) {
        if (isNotified(follower, place)) continue;
        this.#notify(follower, place, nowMs);
        notified += 1;
        if (follower.request.wantsFirstPlaceOnly)
          this.remove(place.waiter.caller, follower.request);
      }
    }
    this.#pauseMs = notified * PAUSE_PER_NOTIFIED_MS + places * PAUSE_PER_PLACE_MS;
    this.#pausesUntilMs = nowMs + this.#pauseMs;
  }

  #notify(follower: Follower, place: Place<Caller>, nowMs: number): void {
    const { position, grantAtMs, estimate, waiter } = place;
    follower.position = position;
    follower.grantAtMs = grantAtMs;
    const etaMs = Math.max(0, grantAtMs - nowMs);
    const ticket = this.#ticketOf(waiter.caller);
    follower.request.moved({ position, grantAtMs, etaMs, ...(estimate && { estimate }), ticket });
  }
}

function isNotified(follower: Follower, { position, grantAtMs }: Place<unknown>): boolean {
  return follower.position === position && follower.grantAtMs === grantAtMs;
}
