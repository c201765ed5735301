import { describe, expect, test } from "vitest";

import type { Case, Outcome } from "../../bench/simulate/simulation.ts";

import { largestPlaces, roundTripMs, trafficShares } from "../../bench/simulate/places.ts";
import { fairnessOf, isolatesIn, simulateCase } from "../../bench/simulate/simulation.ts";

const lease = { maxTokens: 1_000_000, ttlMs: 2_000 };
const calm: Case = {
  isolates: 30,
  places: 12,
  demand: 600,
  policy: { capacity: 12_000, refillTokens: 120, refillIntervalMs: 100, lease },
  timeoutMs: 0,
  growsForMs: 4_000,
  warmUpMs: 8_000,
  measuredMs: 8_000,
  groupMs: 0,
  seed: 7,
};
const contended: Case = {
  ...calm,
  policy: { ...calm.policy, capacity: 600, refillTokens: 30 },
};
const { lease: _, ...withoutLeases } = calm.policy;
const overloaded: Case = { ...calm, policy: withoutLeases, demand: 6_000, growsForMs: 0 };

/** What must be alike, and by how much it may differ. */
const shares = [
  "onTheSpotShare",
  "servedShare",
  "refusedShare",
  "turnedAwayShare",
  "load",
  "fairness",
] as const satisfies readonly (keyof Outcome)[];

describe("simulateCase", () => {
  test.each([
    ["more tokens than requests", calm],
    ["fewer tokens than requests", contended],
    ["more calls than the object can take", overloaded],
  ])("comes to the same with requests in groups of a millisecond: %s", (_, one) => {
    const single = simulateCase(one);
    const grouped = simulateCase({ ...one, groupMs: 1 });
    // Those of a group that begins before the measured time are left out.
    expect(Math.abs(grouped.asked / single.asked - 1)).toBeLessThan(0.01);
    for (const share of shares) {
      expect(Math.abs(grouped[share] - single[share]), share).toBeLessThan(0.04);
    }
  });

  test("grants nothing beyond rule 8, and nearly all that there is", () => {
    const { fullestShare, servedShare, refusedShare } = simulateCase(contended);
    expect(fullestShare).toBeLessThanOrEqual(1);
    expect(fullestShare).toBeGreaterThan(0.9);
    expect(servedShare).toBeGreaterThan(0.95);
    expect(refusedShare).toBeCloseTo(0.5, 1);
  });

  test("serves nearly all from leases where there are enough tokens", () => {
    const outcome = simulateCase(calm);
    expect(outcome.onTheSpotShare).toBeGreaterThan(0.98);
    expect(outcome.refusedShare).toBe(0);
    expect(outcome.idleShare[0]).toBeGreaterThan(0);
    expect(outcome.idleShare[0]).toBeLessThan(outcome.leasedShare[0]);
    expect(outcome.leasedShare[1]).toBeLessThanOrEqual(0.5);
  });

  test("says of a queue that it waits: without leases, half of the wait is the way there and back", () => {
    const one = { ...calm, isolates: 1, places: 1, demand: 50, policy: withoutLeases };
    const { waitMs, onTheSpotShare, acquiresPerS } = simulateCase(one);
    // 2 ms of way and 1 ms of the thread.
    expect(waitMs[0]).toBe(3);
    expect(onTheSpotShare).toBe(0);
    expect(acquiresPerS).toBeCloseTo(50, -1);
  });

  test("turns away what the object has no time for", () => {
    const { turnedAwayShare, load } = simulateCase(overloaded);
    expect(load).toBeCloseTo(1, 2);
    expect(turnedAwayShare).toBeCloseTo(5 / 6, 1);
  });

  test("asks only the parts that the split says", () => {
    const parted = { ...calm, policy: withoutLeases, parts: 4 };
    const loads = (["by chance", "by place", "by isolate"] as const).map(
      (split) => simulateCase({ ...parted, split }).acquiresPerS,
    );
    expect(loads[0]).toBeCloseTo(150, -2);
    // The largest of 12 places alone has a third of the traffic.
    expect(loads[1]).toBeGreaterThan(200);
    expect(loads[2]).toBeGreaterThan(150);
  });
});

describe("places", () => {
  test("are all over the world, and none twice", () => {
    const places = largestPlaces(300);
    expect(new Set(places.map(({ name, latitude }) => `${name} ${latitude}`)).size).toBe(300);
    const [first] = places;
    const ways = places.map((place) => roundTripMs(first ?? place, place));
    expect(Math.min(...ways)).toBe(2);
    expect(Math.max(...ways)).toBeGreaterThan(200);
    expect(Math.max(...ways)).toBeLessThan(310);
  });

  test("send shares that add up, and hold an isolate each", () => {
    const shares = trafficShares(300);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
    const counts = isolatesIn(shares, 1_000);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1_000);
    expect(Math.min(...counts)).toBe(1);
  });

  test("roundTripMs is near what is usual between large cities", () => {
    const place = (name: string, latitude: number, longitude: number) => {
      return { name, latitude, longitude };
    };
    const frankfurt = place("Frankfurt", 50.1, 8.7);
    expect(Math.round(roundTripMs(frankfurt, place("New York", 40.7, -74)))).toBe(95);
  });
});

test("fairnessOf is Jain's index", () => {
  expect(fairnessOf([0.5, 0.5, 0.5])).toBeCloseTo(1);
  expect(fairnessOf([1, 0, 0, 0])).toBeCloseTo(0.25);
});
