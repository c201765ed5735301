import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { LimiterView } from "../../../src/core/limiter-state.ts";

import { Limiter } from "../../../src/core/limiter.ts";
import { Policy } from "../../../src/core/policy.ts";
import {
  forecastGrants,
  nextTickAfter,
  tokensAt,
  untilChangeMs,
} from "../../../src/client/watch/forecast.ts";
import { ONE_A_SECOND, snapshotOf } from "../../dashboard/messages.ts";
import { runs } from "../../../kit/runs.ts";

const FIVE = { capacity: 5, refillTokens: 2, refillIntervalMs: 3_000 };

describe("tokensAt", () => {
  it("adds the ticks of an idle bucket, up to the capacity", () => {
    const snapshot = snapshotOf(FIVE);
    const times = [0, 2_999, 3_000, 6_000, 8_999, 9_000, 1_000_000];
    expect(times.map((atMs) => tokensAt(snapshot, atMs))).toEqual([0, 0, 2, 4, 4, 5, 5]);
  });

  it("adds nothing while callers wait, nor before the bucket has started", () => {
    expect(tokensAt(snapshotOf(FIVE, { waiters: 1, queuedTokens: 3 }), 60_000)).toBe(0);
    expect(tokensAt(snapshotOf(FIVE, { granted: 0, tokens: 2 }), 60_000)).toBe(2);
  });
});

describe("untilChangeMs", () => {
  it("is the time to the next tick of a bucket that fills", () => {
    expect(untilChangeMs(snapshotOf(FIVE), 1_000)).toBe(2_000);
    expect(untilChangeMs(snapshotOf(FIVE), 3_000)).toBe(3_000);
  });

  it("is nothing where the page has nothing to work out: full, waited for, not started", () => {
    expect(untilChangeMs(snapshotOf(FIVE), 9_000)).toBeUndefined();
    expect(untilChangeMs(snapshotOf(FIVE, { waiters: 1 }), 1_000)).toBeUndefined();
    expect(untilChangeMs(snapshotOf(FIVE, { granted: 0 }), 1_000)).toBeUndefined();
  });
});

describe("a paused bucket", () => {
  it("gets nothing before its first tick after the pause, and then one at a time", () => {
    const paused = snapshotOf(FIVE, { nextTickAtMs: 60_000, pausedUntilMs: 58_000 });
    expect([0, 30_000, 59_999, 60_000, 63_000].map((at) => tokensAt(paused, at))).toEqual([
      0, 0, 0, 2, 4,
    ]);
    expect(untilChangeMs(paused, 10_000)).toBe(50_000);
    expect(forecastGrants({ ...paused, waiters: 2, queuedTokens: 4 }, [2, 2])).toEqual([
      60_000, 63_000,
    ]);
  });
});

describe("nextTickAfter", () => {
  it("is on the grid, and after the instant", () => {
    const snapshot = snapshotOf(ONE_A_SECOND, { nextTickAtMs: 10_250 });
    expect([0, 10_249, 10_250, 10_251, 12_250].map((at) => nextTickAfter(snapshot, at))).toEqual([
      10_250, 10_250, 11_250, 11_250, 13_250,
    ]);
  });
});

describe("forecastGrants", () => {
  it("gives each its tick, in the order of the queue", () => {
    const snapshot = snapshotOf(ONE_A_SECOND, { waiters: 3, queuedTokens: 3 });
    expect(forecastGrants(snapshot, [1, 1, 1])).toEqual([1_000, 2_000, 3_000]);
  });

  it("lets those go first who came before the page", () => {
    const snapshot = snapshotOf(ONE_A_SECOND, { waiters: 4, queuedTokens: 4 });
    expect(forecastGrants(snapshot, [1, 1])).toEqual([3_000, 4_000]);
  });

  it("survives more tokens than the capacity holds, as after a change of policy", () => {
    const snapshot = snapshotOf(ONE_A_SECOND, { waiters: 1, queuedTokens: 7 });
    expect(forecastGrants(snapshot, [7])).toEqual([1_000]);
  });

  it("is what the limiter does", () => {
    const policies = fc.record({
      capacity: fc.integer({ min: 1, max: 6 }),
      refillTokens: fc.integer({ min: 1, max: 6 }),
      refillIntervalMs: fc.integer({ min: 10, max: 1_000 }),
    });
    const asks = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 12 });
    const law = fc.property(policies, asks, fc.nat(5_000), (fields, sizes, askedAtMs) => {
      const policy = Policy.of({ ...fields, maxWaitMs: 3_600_000 });
      const limiter = new Limiter<number>(policy);
      limiter.acquire({ caller: -1 }, 0);
      const viewAt = (atMs: number): Omit<LimiterView, "limits"> => {
        const { limits: _, ...view } = limiter.inspect(atMs);
        return view;
      };
      const waiting: [caller: number, tokens: number][] = [];
      for (const [caller, size] of sizes.entries()) {
        const tokens = Math.min(size, fields.capacity);
        if (limiter.acquire({ caller, tokens }, askedAtMs).waiter) waiting.push([caller, tokens]);
      }
      const snapshot = snapshotOf(fields, viewAt(askedAtMs));
      const forecast = forecastGrants(
        snapshot,
        waiting.map(([, tokens]) => tokens),
      );
      const grants = new Map<number, number>();
      for (let atMs = limiter.nextWakeAtMs; atMs !== undefined; atMs = limiter.nextWakeAtMs) {
        for (const { caller } of limiter.advance(atMs).settled) grants.set(caller, atMs);
      }
      expect(forecast).toEqual(waiting.map(([caller]) => grants.get(caller)));
    });
    fc.assert(law, { numRuns: runs(100) });
  });
});
