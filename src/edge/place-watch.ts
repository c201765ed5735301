/**
 * Those who want to know where they stand while they wait, and when they are told.
 *
 * Nobody pays for it but they: a bucket that nobody watches does nothing here. Somebody who joins at the
 * end moves nobody, so only the newcomer is told, in one step. Any other turn may have moved all of them.
 * Then the queue is walked once, and those are told whose position has changed, or the instant of whose
 * grant; that an ETA shrinks as time passes is no change.
 *
 * The walk comes a moment after the turn, so that those whom the turn has granted hear of it before the
 * others hear that they have moved, and so that a burst of turns makes one round. And a turn that moves a
 * thousand tells a thousand: so after each round there is a pause, as long as the round was large, and
 * whatever happens in it makes one round at its end. Ten watchers still hear of every tick of the fastest
 * bucket there is, and a hundred of ten ticks a second; where more would have to be told, everybody hears
 * where it has got to by then.
 */
import type { Limiter, Place, Turn } from "../core/limiter.ts";
import type { HeldPlace } from "../protocol.ts";
import type { Clock } from "./clock.ts";

/** From a turn to the round that it makes: about what it takes to write the turn down. */
const ROUND_DELAY_MS = 1;
/**
 * The pause after a round for each request that it told. To tell one takes an eighth of that, measured
 * from the object to the client's socket, all in one process.
 */
const PAUSE_PER_TOLD_MS = 1;
/** The same for each place that it looked at, about fifty times what that takes. */
const PAUSE_PER_PLACE_MS = 0.005;

type TellPlace = (place: HeldPlace) => void;

/** A watching request and what it was told last. */
interface Watcher {
  readonly tell: TellPlace;
  position: number;
  grantAtMs: number;
}

/** The watching requests of one bucket. */
export class PlaceWatch<Caller> {
  readonly #clock: Clock;
  /** Of each watched place, the requests that stand in it. All of these places are in the queue. */
  readonly #watchers = new Map<Caller, Watcher[]>();
  /** Whose places those are; another one after a reset. */
  #limiter: Limiter<Caller> | undefined = undefined;
  #pauseMs = 0;
  #pausesUntilMs = -Infinity;
  #isTimerSet = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `caller` waits, and `tell` is called with its place from now on. */
  add(caller: Caller, tell: TellPlace, limiter: Limiter<Caller>, nowMs: number): void {
    const watcher = { tell, position: 0, grantAtMs: 0 };
    const watchers = this.#watchers.get(caller);
    if (watchers) watchers.push(watcher);
    else this.#watchers.set(caller, [watcher]);
    const last = limiter.lastPlace;
    if (last?.waiter.caller === caller) tellPlace(watcher, last, nowMs);
    else this.#moved(limiter, nowMs);
  }

  /** One request of `caller` leaves, before the turn in which the place is given up. */
  remove(caller: Caller, tell: TellPlace): void {
    const others = this.#watchers.get(caller)?.filter((watcher) => watcher.tell !== tell) ?? [];
    if (others.length > 0) this.#watchers.set(caller, others);
    else this.#watchers.delete(caller);
  }

  /** `caller` waits no more. */
  forget(caller: Caller): void {
    if (this.#watchers.size > 0) this.#watchers.delete(caller);
  }

  /** A turn is over, and those whom it settled are forgotten. */
  turned(limiter: Limiter<Caller>, { waiter, settled }: Turn<Caller>, nowMs: number): void {
    if (this.#watchers.size === 0) return;
    const isArrival = waiter !== undefined && settled.length === 0;
    if (isArrival && limiter.lastPlace?.waiter === waiter) return;
    this.#moved(limiter, nowMs);
  }

  /** Somebody may have moved. */
  #moved(limiter: Limiter<Caller>, nowMs: number): void {
    this.#limiter = limiter;
    if (this.#isTimerSet) return;
    this.#isTimerSet = true;
    // A clock that has jumped back must not make anybody wait for it.
    const restMs = Math.min(this.#pauseMs, this.#pausesUntilMs - nowMs);
    this.#clock.setTimer(
      () => {
        this.#isTimerSet = false;
        this.#tellMoved(this.#clock.now());
      },
      Math.max(ROUND_DELAY_MS, restMs),
    );
  }

  #tellMoved(nowMs: number): void {
    let callersLeft = this.#watchers.size;
    let places = 0;
    let told = 0;
    for (const place of this.#limiter?.places() ?? []) {
      if (callersLeft === 0) break;
      places = place.position;
      const watchers = this.#watchers.get(place.waiter.caller);
      if (!watchers) continue;
      callersLeft -= 1;
      for (const watcher of watchers) {
        if (isTold(watcher, place)) continue;
        tellPlace(watcher, place, nowMs);
        told += 1;
      }
    }
    this.#pauseMs = told * PAUSE_PER_TOLD_MS + places * PAUSE_PER_PLACE_MS;
    this.#pausesUntilMs = nowMs + this.#pauseMs;
  }
}

function isTold(watcher: Watcher, { position, grantAtMs }: Place<unknown>): boolean {
  return watcher.position === position && watcher.grantAtMs === grantAtMs;
}

function tellPlace(watcher: Watcher, { position, grantAtMs }: Place<unknown>, nowMs: number): void {
  watcher.position = position;
  watcher.grantAtMs = grantAtMs;
  watcher.tell({ position, grantAtMs, etaMs: Math.max(0, grantAtMs - nowMs) });
}
