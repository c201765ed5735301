/**
 * An isolate of the Worker as far as one bucket is concerned: its real `LeaseHolder`, and around it what
 * the Worker does (src/worker/leased-bucket.ts). A request takes from the leases, or it goes to the object
 * with what is left of them; when it is settled the holder may have something to ask. Where the object
 * has turned calls away, requests are turned away here for a while. An ask that is not answered within
 * `ttlMs` is given up. A timer gives back what is left when a lease runs out. Nobody is asked twice: a
 * request that is turned away is not sent again.
 *
 * What it is told are instants of one clock for all: that clocks differ is nothing that leases depend
 * on, since only durations go from one to another.
 */
import type { Lease, LeaseReport } from "../../src/core/lease/lease.ts";
import type { LeaseTerms } from "../../src/core/policy.ts";
import type { VirtualClock } from "../../kit/simulation/virtual-clock.ts";
import type { Line } from "./line.ts";
import type { SimulatedObject } from "./object.ts";

import { LeaseHolder } from "../../src/core/lease/lease-holder.ts";

/** A request that went to the object. */
export interface Caller {
  readonly askedAtMs: number;
  /** Between its isolate and the object. */
  readonly roundTripMs: number;
  /** Number of the place that it came from. */
  readonly place: number;
  /** To be called when it is settled, with the instant at which the answer leaves the object. */
  readonly told: (toldAtMs: number) => void;
}

/** Requests that have been sent in one instant, by what each takes along. */
type Sent = (LeaseReport | undefined)[];

/** An ask that is not answered yet. */
interface Pending {
  readonly sinceMs: number;
}

/** Hears what becomes of requests before the object has anything to say. */
export interface IsolateListener {
  /** Granted by the isolate itself. */
  grantedOnTheSpot(place: number, requests: number): void;
  turnedAway(place: number, askedAtMs: number, requests: number): void;
  /** The tokens that lie in leases change by so many. */
  idleChanged(byTokens: number): void;
}

/** The isolate's way to one bucket. */
export class SimulatedIsolate {
  readonly #line: Line;
  readonly #timeoutMs: number;
  readonly #object: SimulatedObject<Caller>;
  readonly #clock: VirtualClock;
  readonly #listener: IsolateListener;
  readonly #holder: LeaseHolder | undefined;
  readonly #ttlMs: number;
  #pending: Pending | undefined = undefined;
  #timerAtMs = Infinity;
  /** Whether it is about to hear that requests were turned away. */
  #isToHear = false;
  readonly #told = (toldAtMs: number): void => {
    if (!this.#holder) return;
    const backAtMs = toldAtMs + this.#line.roundTripMs / 2;
    this.#clock.after(Math.max(0, backAtMs - this.#clock.wallMs), () => {
      this.#say();
      this.#watch();
    });
  };

  constructor(
    line: Line,
    object: SimulatedObject<Caller>,
    terms: { readonly lease: LeaseTerms | undefined; readonly timeoutMs: number },
    clock: VirtualClock,
    listener: IsolateListener,
  ) {
    this.#line = line;
    this.#timeoutMs = terms.timeoutMs;
    this.#object = object;
    this.#clock = clock;
    this.#listener = listener;
    this.#ttlMs = terms.lease?.ttlMs ?? Infinity;
    this.#holder = terms.lease && new LeaseHolder(terms.lease);
  }

  /** `requests` for a token each have come, one after the other, all within this instant. */
  receive(requests: number): void {
    const nowMs = this.#nowMs;
    const holder = this.#holder;
    let granted = 0;
    let shunned = 0;
    const missed: Sent = [];
    for (let left = requests; left > 0; left -= 1) {
      if (holder?.tryTake(1, nowMs)) {
        granted += 1;
        this.#say();
      } else if (holder && holder.backOffMs(nowMs) > 0) {
        shunned += 1;
        this.#say();
      } else {
        missed.push(holder?.returnAll());
      }
    }
    if (missed.length > 0) this.#send(missed);
    if (shunned > 0) this.#listener.turnedAway(this.#line.place, this.#clock.wallMs, shunned);
    if (granted > 0) {
      this.#listener.idleChanged(-granted);
      this.#listener.grantedOnTheSpot(this.#line.place, granted);
    }
    this.#watch();
  }

  #send(missed: Sent): void {
    for (const returnedLeases of missed) if (returnedLeases) this.#noteReturned(returnedLeases);
    const askedAtMs = this.#clock.wallMs;
    this.#line.send(() => this.#arrive(missed, askedAtMs));
  }

  #arrive(sent: Sent, askedAtMs: number): void {
    const { place, roundTripMs } = this.#line;
    let served = 0;
    for (const returnedLeases of sent) {
      const caller = { askedAtMs, roundTripMs, place, told: this.#told };
      // Whoever comes in the same instant as one that is turned away is turned away, too.
      if (!this.#object.acquire({ caller, timeoutMs: this.#timeoutMs }, returnedLeases)) break;
      served += 1;
    }
    const left = sent.length - served;
    if (left === 0) return;
    this.#object.shutDown(left - 1);
    this.#listener.turnedAway(place, askedAtMs, left);
    // One of those who hear of it is enough.
    if (this.#isToHear || !this.#holder) return;
    this.#isToHear = true;
    this.#clock.after(roundTripMs / 2, () => {
      this.#isToHear = false;
      this.#holder?.overloaded(this.#nowMs);
      this.#say();
      this.#watch();
    });
  }

  #say(): void {
    const nowMs = this.#nowMs;
    if (this.#pending && nowMs >= this.#pending.sinceMs + this.#ttlMs) {
      this.#pending = undefined;
      this.#holder?.failed(nowMs);
    }
    const ask = this.#holder?.nextAsk(nowMs);
    if (!ask) return;
    this.#noteReturned(ask);
    const pending = { sinceMs: nowMs };
    this.#pending = pending;
    this.#line.send(() => {
      const answer = this.#object.lend(ask);
      const toldAtMs = answer?.toldAtMs ?? this.#clock.wallMs;
      const backAtMs = toldAtMs + this.#line.roundTripMs / 2;
      this.#clock.after(backAtMs - this.#clock.wallMs, () => {
        if (!answer) this.#holder?.overloaded(this.#nowMs);
        this.#lent(pending, answer?.lease);
      });
    });
  }

  #lent(pending: Pending, lease: Lease | undefined): void {
    // One that was given up: its tokens count as spent when the lease ends.
    if (this.#pending !== pending) return;
    this.#pending = undefined;
    this.#holder?.lent(lease, this.#nowMs);
    this.#listener.idleChanged(lease?.tokens ?? 0);
    this.#watch();
  }

  #noteReturned({ uses }: LeaseReport): void {
    this.#listener.idleChanged(-uses.reduce((sum, { returned }) => sum + returned, 0));
  }

  /**
   * Sets a timer for the end of the oldest lease. One that has ended already can only be told of when
   * the ask is answered that is under way.
   */
  #watch(): void {
    const expiresAtMs = this.#holder?.expiresAtMs ?? Infinity;
    const { wallMs } = this.#clock;
    if (expiresAtMs >= this.#timerAtMs || expiresAtMs <= wallMs || expiresAtMs === Infinity) return;
    this.#timerAtMs = expiresAtMs;
    this.#clock.after(expiresAtMs - wallMs, () => {
      this.#timerAtMs = Infinity;
      this.#say();
      this.#watch();
    });
  }

  /** As `Date.now()` has it. */
  get #nowMs(): number {
    return Math.floor(this.#clock.wallMs);
  }
}
