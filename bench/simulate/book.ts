/**
 * What is counted of one run: requests that were made within the measured time, however late their
 * answers came, and all grants ever, for rule 8.
 */
import type { Policy } from "../../src/core/policy.ts";

import { fullestWindow } from "../../kit/model/fullest-window.ts";
import { bucketFieldsOf } from "../../kit/model/bucket-policy.ts";

/** As far as waits are told apart, milliseconds; longer ones count as the last. */
const MAX_WAIT_MS = 20_000;
/** What a caller does not notice. */
const QUICK_MS = 10;

/** Waits by whole milliseconds, rounded up. */
class Waits {
  readonly #counts = new Float64Array(MAX_WAIT_MS + 1);
  #all = 0;

  add(waitMs: number, times = 1): void {
    const index = Math.min(MAX_WAIT_MS, Math.ceil(waitMs));
    this.#counts[index] = (this.#counts[index] ?? 0) + times;
    this.#all += times;
  }

  /** The wait that `share` of all do not exceed; `undefined` of none. */
  percentile(share: number): number | undefined {
    if (this.#all === 0) return undefined;
    let left = Math.max(1, Math.ceil(share * this.#all));
    const index = this.#counts.findIndex((count) => (left -= count) <= 0);
    return index < 0 ? MAX_WAIT_MS : index;
  }
}

/** Requests of one place. */
export interface PlaceCounts {
  asked: number;
  granted: number;
  /** Granted or refused within `QUICK_MS`. */
  quick: number;
}

/** Requests of all places. */
export interface RequestCounts {
  asked: number;
  /** Granted by the isolate itself. */
  onTheSpot: number;
  /** Granted by the object. */
  byObject: number;
  refused: number;
  /** Of these: while a token was there, in another part of the bucket or idle in a lease. */
  refusedBesideTokens: number;
  turnedAway: number;
}

export class Book {
  readonly counts: RequestCounts = {
    asked: 0,
    onTheSpot: 0,
    byObject: 0,
    refused: 0,
    refusedBesideTokens: 0,
    turnedAway: 0,
  };
  readonly places: readonly PlaceCounts[];
  /** Of those who were granted; and of those of them whom the object granted. */
  readonly waits = new Waits();
  readonly objectWaits = new Waits();
  /** Tokens granted in each millisecond of the run, by bucket. */
  readonly #granted: readonly Float64Array[];
  readonly #startAtMs: number;

  constructor(places: number, buckets: number, startAtMs: number, lengthMs: number) {
    this.places = Array.from({ length: places }, () => ({ asked: 0, granted: 0, quick: 0 }));
    this.#granted = Array.from({ length: buckets }, () => new Float64Array(lengthMs));
    this.#startAtMs = startAtMs;
  }

  /** A grant, whether it is measured or not. */
  noteGrant(bucket: number, grantedAtMs: number, tokens: number): void {
    const granted = this.#granted[bucket];
    const index = Math.floor(grantedAtMs - this.#startAtMs);
    if (granted?.[index] === undefined) throw new RangeError(`No place for a grant at ${index} ms`);
    granted[index] += tokens;
  }

  /** Measured requests were answered; `waitMs` counts for each of them. */
  answered(
    kind: "onTheSpot" | "byObject" | "refused" | "turnedAway",
    place: number,
    waitMs: number,
    requests = 1,
  ): void {
    const counts = this.places[place];
    if (!counts) throw new RangeError(`Place ${place} is not one of ${this.places.length}`);
    this.counts.asked += requests;
    counts.asked += requests;
    this.counts[kind] += requests;
    if (kind === "turnedAway") return;
    if (waitMs <= QUICK_MS) counts.quick += requests;
    if (kind === "refused") return;
    counts.granted += requests;
    this.waits.add(waitMs, requests);
    if (kind === "byObject") this.objectWaits.add(waitMs, requests);
  }

  /** The tokens of the fullest window of any bucket, as a share of the most that rule 8 allows in it. */
  fullestShare(policy: Policy): number {
    const shares = this.#granted.map((granted) => {
      const grants = Array.from(granted, (tokens, grantedAtMs) => ({ tokens, grantedAtMs }));
      const window = fullestWindow(
        bucketFieldsOf(policy),
        grants.filter(({ tokens }) => tokens > 0),
      );
      return window ? window.tokens / window.most : 0;
    });
    return Math.max(...shares);
  }
}
