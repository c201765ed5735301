/**
 * An isolate of the Worker as far as one bucket is concerned: its real `LeaseDriver`, and around it what
 * the Worker does (src/worker/leased-bucket.ts). A request takes from the leases, or goes to the object
 * with what is left of them; when it is settled the driver may have something to ask. After the object has
 * turned calls away, requests are turned away here for a while. No request is sent twice: one that is
 * turned away isn't retried.
 *
 * All instants are of one clock. Clocks that differ change nothing about leases, since only durations are
 * exchanged.
 */
import type { LeaseAsk, LeaseReport } from "../../src/core/lease/lease.ts";
import type { LeaseStep } from "../../src/core/lease/lease-driver.ts";
import type { LeaseTerms } from "../../src/core/policy-tables.ts";
import type { VirtualClock } from "../../kit/simulation/virtual-clock.ts";
import type { Line } from "./line.ts";
import type { SimulatedObject } from "./object.ts";

import { LeaseDriver } from "../../src/core/lease/lease-driver.ts";

/** A request that went to the object. */
export interface Caller {
  readonly askedAtMs: number;
  /** Between its isolate and the object. */
  readonly roundTripMs: number;
  /** Number of the place that it came from. */
  readonly place: number;
  /** To be called when it is settled, with the instant at which the answer leaves the object. */
  readonly answered: (answeredAtMs: number) => void;
}

/** Requests that have been sent in one instant, by what each takes along. */
type Sent = (LeaseReport | undefined)[];

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
  readonly #driver: LeaseDriver | undefined;
  /** Whether it is about to hear that requests were turned away. */
  #isToHear = false;
  readonly #answered = (answeredAtMs: number): void => {
    if (!this.#driver) return;
    const backAtMs = answeredAtMs + this.#line.roundTripMs / 2;
    this.#clock.after(Math.max(0, backAtMs - this.#clock.wallMs), () => this.#flushReports());
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
    this.#driver = terms.lease && new LeaseDriver(terms.lease);
  }

  /** `requests` for a token each have come, one after the other, all within this instant. */
  receive(requests: number): void {
    const nowMs = this.#nowMs;
    const driver = this.#driver;
    let granted = 0;
    let turnedAway = 0;
    const missed: Sent = [];
    for (let left = requests; left > 0; left -= 1) {
      if (driver?.tryTake(1, nowMs)) {
        granted += 1;
        this.#flushReports();
      } else if (driver && driver.backOffMs(nowMs) > 0) {
        turnedAway += 1;
        this.#flushReports();
      } else {
        missed.push(driver?.returnAll());
      }
    }
    if (missed.length > 0) this.#send(missed);
    if (turnedAway > 0) this.#listener.turnedAway(this.#line.place, this.#clock.wallMs, turnedAway);
    if (granted > 0) {
      this.#listener.idleChanged(-granted);
      this.#listener.grantedOnTheSpot(this.#line.place, granted);
    }
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
      const caller = { askedAtMs, roundTripMs, place, answered: this.#answered };
      // Whoever comes in the same instant as one that is turned away is turned away, too.
      if (!this.#object.acquire({ caller, timeoutMs: this.#timeoutMs }, returnedLeases)) break;
      served += 1;
    }
    const left = sent.length - served;
    if (left === 0) return;
    this.#object.shutDown(left - 1);
    this.#listener.turnedAway(place, askedAtMs, left);
    // One of those who hear of it is enough.
    if (this.#isToHear || !this.#driver) return;
    this.#isToHear = true;
    this.#clock.after(roundTripMs / 2, () => {
      this.#isToHear = false;
      this.#driver?.overloaded(this.#nowMs);
      this.#flushReports();
    });
  }

  #flushReports(): void {
    const driver = this.#driver;
    if (driver) this.#perform(driver, driver.next(this.#nowMs));
  }

  #perform(driver: LeaseDriver, { ask, wakeAtMs }: LeaseStep): void {
    // No bucket is ever paused here, so there is no `giveBack`.
    if (ask) this.#ask(driver, ask);
    if (wakeAtMs === undefined) return;
    const delayMs = Math.max(1, wakeAtMs - this.#clock.wallMs);
    this.#clock.after(delayMs, () => this.#perform(driver, driver.woke(wakeAtMs, this.#nowMs)));
  }

  #ask(driver: LeaseDriver, ask: LeaseAsk): void {
    this.#noteReturned(ask);
    this.#line.send(() => {
      const answer = this.#object.lend(ask);
      const answeredAtMs = answer?.answeredAtMs ?? this.#clock.wallMs;
      const backAtMs = answeredAtMs + this.#line.roundTripMs / 2;
      this.#clock.after(backAtMs - this.#clock.wallMs, () => {
        if (!answer) driver.overloaded(this.#nowMs);
        // The tokens of an ask that was given up count as spent when the lease ends.
        if (driver.isPending(ask)) this.#listener.idleChanged(answer?.lease?.tokens ?? 0);
        const lent = { lease: answer?.lease, isPaused: false };
        this.#perform(driver, driver.answered(ask, lent, this.#nowMs));
      });
    });
  }

  #noteReturned({ uses }: LeaseReport): void {
    this.#listener.idleChanged(-uses.reduce((sum, { returned }) => sum + returned, 0));
  }

  /** As `Date.now()` has it. */
  get #nowMs(): number {
    return Math.floor(this.#clock.wallMs);
  }
}
