/**
 * Those who want to know where they stand while they wait, and when they are told.
 *
 * Nobody pays for it but they: a bucket that nobody follows does nothing here. Somebody who joins at the
 * end moves nobody, so only the newcomer is told, in one step. Any other turn may have moved all of them.
 * Then the queue is walked once, and those are told whose position has changed, or the instant of whose
 * grant; that an ETA shrinks as time passes is no change.
 *
 * The walk comes a moment after the turn, so that those whom the turn has granted hear of it before the
 * others hear that they have moved, and so that a burst of turns makes one round. And a turn that moves a
 * thousand tells a thousand: so after each round there is a pause, as long as the round was large, and
 * whatever happens in it makes one round at its end. Ten followers still hear of every tick of the fastest
 * bucket there is, and a hundred of ten ticks a second; where more would have to be told, everybody hears
 * where it has got to by then.
 */
import type { Limiter, Place, Turn } from "../core/limiter.ts";
import type { HeldPlace } from "../wire/held-place.ts";
import type { Clock } from "./clock.ts";

import { CoalescingTimer } from "./coalescing-timer.ts";

/** From a turn to the round that it makes: about what it takes to write the turn down. */
const ROUND_DELAY_MS = 1;
/**
 * The pause after a round for each request that it told. To tell one takes an eighth of that, measured
 * from the object to the client's socket, all in one process.
 */
const PAUSE_PER_NOTIFIED_MS = 1;
/** The same for each place that it looked at, about fifty times what that takes. */
const PAUSE_PER_PLACE_MS = 0.005;

type Moved = (place: HeldPlace) => void;

/** A request that follows its place, and what it was told last. */
interface Follower {
  readonly moved: Moved;
  position: number;
  grantAtMs: number;
}

/** Those of one bucket. */
export class PositionFeed<Caller> {
  readonly #timer: CoalescingTimer;
  /** By the place that they stand in. All of these places are in the queue. */
  readonly #followers = new Map<Caller, Follower[]>();
  /** Whose places those are; another one after a reset. */
  #limiter: Limiter<Caller> | undefined = undefined;
  #pauseMs = 0;
  #pausesUntilMs = -Infinity;

  constructor(clock: Clock) {
    this.#timer = new CoalescingTimer(clock, () => this.#notifyMoved(clock.now()));
  }

  /** `caller` waits, and `moved` is called with its place from now on. */
  add(caller: Caller, moved: Moved, limiter: Limiter<Caller>, nowMs: number): void {
    const follower = { moved, position: 0, grantAtMs: 0 };
    const followers = this.#followers.get(caller);
    if (followers) followers.push(follower);
    else this.#followers.set(caller, [follower]);
    const last = limiter.lastPlace;
    if (last?.waiter.caller === caller) notify(follower, last, nowMs);
    else this.#moved(limiter, nowMs);
  }

  /** One request of `caller` leaves, before the turn in which the place is given up. */
  remove(caller: Caller, moved: Moved): void {
    const others =
      this.#followers.get(caller)?.filter((follower) => follower.moved !== moved) ?? [];
    if (others.length > 0) this.#followers.set(caller, others);
    else this.#followers.delete(caller);
  }

  /** `caller` waits no more. */
  forget(caller: Caller): void {
    if (this.#followers.size > 0) this.#followers.delete(caller);
  }

  /** A turn is over, and those whom it settled are forgotten. */
  turned(limiter: Limiter<Caller>, { waiter, settled }: Turn<Caller>, nowMs: number): void {
    if (this.#followers.size === 0) return;
    const isArrival = waiter !== undefined && settled.length === 0;
    if (isArrival && limiter.lastPlace?.waiter === waiter) return;
    this.#moved(limiter, nowMs);
  }

  /** Somebody may have moved. */
  #moved(limiter: Limiter<Caller>, nowMs: number): void {
    this.#limiter = limiter;
    // A clock that has jumped back must not make anybody wait for it.
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
        notify(follower, place, nowMs);
        notified += 1;
      }
    }
    this.#pauseMs = notified * PAUSE_PER_NOTIFIED_MS + places * PAUSE_PER_PLACE_MS;
    this.#pausesUntilMs = nowMs + this.#pauseMs;
  }
}

function isNotified(follower: Follower, { position, grantAtMs }: Place<unknown>): boolean {
  return follower.position === position && follower.grantAtMs === grantAtMs;
}

function notify(follower: Follower, { position, grantAtMs }: Place<unknown>, nowMs: number): void {
  follower.position = position;
  follower.grantAtMs = grantAtMs;
  follower.moved({ position, grantAtMs, etaMs: Math.max(0, grantAtMs - nowMs) });
}
