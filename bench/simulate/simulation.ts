/**
 * One case: isolates in places all over the world ask one bucket, or the parts of one that was split.
 *
 * Time is virtual, and the limiter and the lease holders are the real ones. What is modelled is the
 * network (places.ts), the object's thread (object.ts) and the demand: each isolate gets requests for a
 * token each at random instants (a Poisson process), and all of a place the same share of that place's
 * traffic. Requests of one isolate within `groupMs` are taken at the instant of the first of them, one
 * after the other. With a millisecond that changes no result (test/bench/simulation.test.ts), but where
 * an overloaded object is asked for leases: then a few more of the asks get through, and it looks some
 * hundredths better than it is; with 5 or 10 milliseconds a tenth and more.
 */
import type { BucketPolicyFields } from "../../kit/model/bucket-policy.ts";
import type { Caller } from "./isolate.ts";

import { Policy } from "../../src/core/policy.ts";
import { epochMs } from "../../kit/model/limiters.ts";
import { Random } from "../../kit/random.ts";
import { VirtualClock } from "../../kit/simulation/virtual-clock.ts";
import { total } from "../../kit/statistics.ts";
import { Book } from "./book.ts";
import { SimulatedIsolate } from "./isolate.ts";
import { Line } from "./line.ts";
import { SimulatedObject } from "./object.ts";
import { largestPlaces, roundTripMs, trafficShares } from "./places.ts";

/** How requests find the part of a bucket that was split. */
export type Split =
  /** Each request asks a part that is drawn for it. */
  | "by chance"
  /** All of a place ask the same part. */
  | "by place"
  /** Each isolate asks a part that was drawn for it when it started. */
  | "by isolate";

/** What is simulated. */
export interface Case {
  readonly isolates: number;
  /** At most as many as isolates. */
  readonly places: number;
  /** Requests a second, of all isolates. */
  readonly demand: number;
  /** Of the whole bucket. */
  readonly policy: BucketPolicyFields;
  /** For how long callers wait at the object; 0 for callers that do not. */
  readonly timeoutMs: number;
  /** Parts that the bucket is split in; each has its share of capacity and refill. Default: 1. */
  readonly parts?: number;
  readonly split?: Split;
  /** Before anything is measured: until leases are as large as they get. */
  readonly warmUpMs: number;
  /** The demand grows evenly for so long; 0 for all of it at once, as after a deploy. */
  readonly growsForMs: number;
  readonly measuredMs: number;
  readonly groupMs: number;
  readonly seed: number;
}

/** What came of it. Shares are from 0 to 1. */
export interface Outcome {
  /** Of one object, the busiest. */
  readonly acquiresPerS: number;
  readonly lendsPerS: number;
  readonly writesPerS: number;
  /** Share of the time in which its thread was busy. */
  readonly load: number;
  readonly asked: number;
  readonly onTheSpotShare: number;
  /** Granted, of all that could be: of the requests, or of the tokens where those are fewer. */
  readonly servedShare: number;
  readonly refusedShare: number;
  readonly refusedBesideTokensShare: number;
  readonly turnedAwayShare: number;
  readonly waitMs: readonly [p50: number | undefined, p99: number | undefined];
  readonly objectWaitMs: readonly [p50: number | undefined, p99: number | undefined];
  /** Of the whole capacity, in leases and not granted: mean and most. */
  readonly idleShare: readonly [mean: number, most: number];
  /** Of the whole capacity, on lease as the object counts it: mean and most. */
  readonly leasedShare: readonly [mean: number, most: number];
  /** Of requests of the nearest and of the farthest places, a tenth of all places each. */
  readonly quickShare: readonly [nearest: number, farthest: number];
  readonly grantedShare: readonly [nearest: number, farthest: number];
  /** Jain's index of the shares that each place was granted: 1 where all are alike, 1/n at worst. */
  readonly fairness: number;
  /** Of what rule 8 allows in the fullest window; never over 1. */
  readonly fullestShare: number;
}

/** Between two looks at what is idle. */
const SAMPLE_EVERY_MS = 50;
/** After the last request, for answers under way. */
const ANSWERS_MS = 3_000;
/** A place with fewer requests says more of chance than of fairness. */
const MIN_REQUESTS = 100;

/** Runs one case. The same case has the same outcome. */
export function simulateCase(simulated: Case): Outcome {
  return new Simulation(simulated).run();
}

class Simulation {
  readonly #case: Case;
  readonly #policy: Policy;
  readonly #clock = new VirtualClock(epochMs);
  readonly #book: Book;
  readonly #objects: SimulatedObject<Caller>[];
  readonly #roundTrips: number[];
  readonly #random: Random;
  /** Tokens in leases and not granted. */
  #idle = 0;
  readonly #idleSeen: number[] = [];
  readonly #leasedSeen: number[] = [];

  constructor(simulated: Case) {
    const {
      isolates,
      places: placeCount,
      policy,
      parts = 1,
      split = "by chance",
      seed,
    } = simulated;
    if (placeCount > isolates) {
      throw new RangeError(`${placeCount} places need as many isolates: got ${isolates}`);
    }
    this.#case = simulated;
    this.#policy = Policy.of({
      ...policy,
      capacity: policy.capacity / parts,
      refillTokens: policy.refillTokens / parts,
      initialTokens: policy.capacity / parts,
    });
    this.#random = new Random(seed);
    const places = largestPlaces(placeCount);
    const shares = trafficShares(placeCount);
    const lengthMs = simulated.warmUpMs + simulated.measuredMs + simulated.timeoutMs + ANSWERS_MS;
    this.#book = new Book(placeCount, parts, epochMs, lengthMs);
    this.#objects = Array.from({ length: parts }, (_, part) => {
      // An object is where its first caller is.
      const at = split === "by place" ? part % placeCount : drawIndex(shares, this.#random);
      const place = places[parts === 1 ? 0 : at];
      if (!place) throw new RangeError(`Place ${at} is not one of ${placeCount}`);
      return new SimulatedObject<Caller>(
        this.#policy,
        place,
        this.#clock,
        (settlement, answeredAtMs) => {
          const { caller, outcome } = settlement;
          caller.answered(answeredAtMs);
          if (outcome.ok) this.#book.noteGrant(part, outcome.grantedAtMs, outcome.tokens);
          if (!this.#isMeasured(caller.askedAtMs)) return;
          const waitMs = answeredAtMs + caller.roundTripMs / 2 - caller.askedAtMs;
          this.#book.answered(outcome.ok ? "byObject" : "refused", caller.place, waitMs);
          if (!outcome.ok && this.#isAnyLeft()) this.#book.counts.refusedBesideTokens += 1;
        },
      );
    });
    const [first] = this.#objects;
    this.#roundTrips = places.map((place) => roundTripMs(place, first?.place ?? place));
    const inPlace = isolatesIn(shares, isolates);
    let number = 0;
    places.forEach((place, index) => {
      const count = inPlace[index] ?? 0;
      const lines = this.#objects.map((object) => {
        const wayMs = roundTripMs(place, object.place);
        return new Line(index, wayMs, simulated.groupMs, this.#clock);
      });
      for (let made = 0; made < count; made += 1) {
        number += 1;
        const own = this.#partsOf(index).map((part) => this.#makeIsolate(part, lines[part]));
        const perS = (simulated.demand * (shares[index] ?? 0)) / count;
        this.#demand(own, 1_000 / perS, new Random(seed, number));
      }
    });
  }

  run(): Outcome {
    const { warmUpMs, measuredMs, timeoutMs } = this.#case;
    const endMs = warmUpMs + measuredMs;
    let before = this.#objects.map(({ counts }) => counts);
    let after = before;
    this.#clock.after(warmUpMs, () => {
      before = this.#objects.map(({ counts }) => counts);
      this.#sample();
    });
    this.#clock.after(endMs, () => {
      after = this.#objects.map(({ counts }) => counts);
    });
    const overAtMs = endMs + timeoutMs + ANSWERS_MS - 1;
    this.#clock.after(overAtMs, () => {});
    while (this.#clock.monotonicMs < overAtMs) this.#clock.step();
    const loads = after.map((counts, index) => {
      const was = before[index] ?? counts;
      const perS = (now: number, then: number): number => ((now - then) / measuredMs) * 1_000;
      return {
        acquiresPerS: perS(counts.acquires, was.acquires),
        lendsPerS: perS(counts.lends, was.lends),
        writesPerS: perS(counts.writes, was.writes),
        load: (counts.busyMs - was.busyMs) / measuredMs,
      };
    });
    const [busiest] = loads.toSorted((a, b) => b.load - a.load);
    if (!busiest) throw new Error("No object was simulated");
    return { ...busiest, ...this.#requests() };
  }

  #requests(): Omit<Outcome, "acquiresPerS" | "lendsPerS" | "writesPerS" | "load"> {
    const { policy, measuredMs } = this.#case;
    const book = this.#book;
    const { asked, onTheSpot, byObject, refused, refusedBesideTokens, turnedAway } = book.counts;
    const ticks = measuredMs / policy.refillIntervalMs;
    const supply = policy.refillTokens * ticks;
    const nearest = book.places
      .map((counts, index) => ({ ...counts, roundTripMs: this.#roundTrips[index] ?? 0 }))
      .toSorted((a, b) => a.roundTripMs - b.roundTripMs);
    const tenth = Math.ceil(nearest.length / 10);
    const groups = [nearest.slice(0, tenth), nearest.slice(-tenth)] as const;
    const shareOf = (group: typeof nearest, field: "quick" | "granted"): number =>
      total(group.map((place) => place[field])) / total(group.map((place) => place.asked));
    return {
      asked,
      onTheSpotShare: onTheSpot / asked,
      servedShare: (onTheSpot + byObject) / Math.min(asked, supply),
      refusedShare: refused / asked,
      refusedBesideTokensShare: refusedBesideTokens / asked,
      turnedAwayShare: turnedAway / asked,
      waitMs: [book.waits.percentile(0.5), book.waits.percentile(0.99)],
      objectWaitMs: [book.objectWaits.percentile(0.5), book.objectWaits.percentile(0.99)],
      idleShare: meanAndMost(this.#idleSeen, policy.capacity),
      leasedShare: meanAndMost(this.#leasedSeen, policy.capacity),
      quickShare: [shareOf(groups[0], "quick"), shareOf(groups[1], "quick")],
      grantedShare: [shareOf(groups[0], "granted"), shareOf(groups[1], "granted")],
      fairness: fairnessOf(
        book.places
          .filter((place) => place.asked >= MIN_REQUESTS)
          .map((place) => place.granted / place.asked),
      ),
      fullestShare: book.fullestShare(this.#policy),
    };
  }

  /** Whether any part has a token at hand, or any lease. */
  #isAnyLeft(): boolean {
    return this.#idle > 0 || (this.#objects.length > 1 && this.#objects.some(hasToken));
  }

  #isMeasured(askedAtMs: number): boolean {
    return askedAtMs - epochMs >= this.#case.warmUpMs;
  }

  /** The parts that an isolate in a place asks. */
  #partsOf(place: number): number[] {
    const { split = "by chance" } = this.#case;
    const parts = this.#objects.map((_, part) => part);
    if (split === "by place") return [place % parts.length];
    return split === "by isolate" ? [this.#random.pick(parts)] : parts;
  }

  #makeIsolate(part: number, line: Line | undefined): SimulatedIsolate {
    const object = this.#objects[part];
    if (!object || !line)
      throw new RangeError(`No part ${part}: there are ${this.#objects.length}`);
    const terms = { lease: this.#policy.lease, timeoutMs: this.#case.timeoutMs };
    return new SimulatedIsolate(line, object, terms, this.#clock, {
      grantedOnTheSpot: (place, requests) => {
        const { wallMs } = this.#clock;
        this.#book.noteGrant(part, wallMs, requests);
        if (this.#isMeasured(wallMs)) this.#book.answered("onTheSpot", place, 0, requests);
      },
      turnedAway: (place, askedAtMs, requests) => {
        if (!this.#isMeasured(askedAtMs)) return;
        this.#book.answered("turnedAway", place, Infinity, requests);
      },
      idleChanged: (byTokens) => {
        this.#idle += byTokens;
      },
    });
  }

  /** Requests for one isolate, until the measured time is over. */
  #demand(ways: readonly SimulatedIsolate[], meanGapMs: number, random: Random): void {
    const { warmUpMs, measuredMs, growsForMs, groupMs } = this.#case;
    const endMs = warmUpMs + measuredMs;
    // Counts in mean gaps at full demand, and bends: so the same requests come, whatever the growth.
    let flowMs = 0;
    const drawAtMs = (): number => {
      flowMs -= Math.log(1 - random.fraction()) * meanGapMs;
      const isGrowing = flowMs < growsForMs / 2;
      return isGrowing ? Math.sqrt(2 * growsForMs * flowMs) : flowMs + growsForMs / 2;
    };
    let nextAtMs = drawAtMs();
    const arrive = (): void => {
      const groupEndsAtMs = Math.min(endMs, nextAtMs + groupMs);
      const requests = ways.length === 1 ? undefined : new Map<SimulatedIsolate, number>();
      let count = 0;
      do {
        count += 1;
        if (requests) {
          const way = random.pick(ways);
          requests.set(way, (requests.get(way) ?? 0) + 1);
        }
        nextAtMs = drawAtMs();
      } while (nextAtMs < groupEndsAtMs);
      if (requests) for (const [way, asked] of requests) way.receive(asked);
      else ways[0]?.receive(count);
      plan();
    };
    const plan = (): void => {
      if (nextAtMs < endMs) this.#clock.after(nextAtMs - this.#clock.monotonicMs, arrive);
    };
    plan();
  }

  #sample(): void {
    const { warmUpMs, measuredMs } = this.#case;
    if (this.#clock.monotonicMs > warmUpMs + measuredMs) return;
    this.#idleSeen.push(this.#idle);
    this.#leasedSeen.push(total(this.#objects.map((object) => object.peek().leased)));
    this.#clock.after(SAMPLE_EVERY_MS, () => this.#sample());
  }
}

function hasToken(object: SimulatedObject<Caller>): boolean {
  return object.peek().tokens > 0;
}

/** At least one a place, the others by its share, to the largest remainders first. */
export function isolatesIn(shares: readonly number[], isolates: number): number[] {
  const spare = isolates - shares.length;
  const exact = shares.map((share) => share * spare);
  const counts = exact.map((count) => 1 + Math.floor(count));
  const missing = isolates - total(counts);
  const byRemainder = exact
    .map((count, index) => ({ index, remainder: count - Math.floor(count) }))
    .toSorted((a, b) => b.remainder - a.remainder);
  for (const { index } of byRemainder.slice(0, missing)) counts[index] = (counts[index] ?? 0) + 1;
  return counts;
}

function drawIndex(shares: readonly number[], random: Random): number {
  let left = random.fraction();
  const index = shares.findIndex((share) => (left -= share) < 0);
  return Math.max(0, index);
}

function meanAndMost(seen: readonly number[], capacity: number): [number, number] {
  const most = seen.reduce((largest, value) => Math.max(largest, value), 0);
  return [total(seen) / Math.max(1, seen.length) / capacity, most / capacity];
}

/** Jain's index. */
export function fairnessOf(values: readonly number[]): number {
  const squares = total(values.map((value) => value ** 2));
  return squares === 0 ? 1 : total(values) ** 2 / (values.length * squares);
}
