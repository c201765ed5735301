import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { fixedWindow } from "../../../kit/model/fixed-window.ts";
import { runs, timesSeen } from "../../../kit/runs.ts";
import { limitSpec } from "../../../src/core/limits/limit.ts";
import { LimitSet } from "../../../src/core/limits/limit-set.ts";
import { LookAhead } from "../../../src/core/limits/look-ahead.ts";
import { tokenBucket } from "../../../src/core/limits/token-bucket.ts";

/** Empty, and a token every 100 ms, up to 5. */
const rate = limitSpec("rate", tokenBucket, {
  capacity: 5,
  refillTokens: 1,
  refillIntervalMs: 100,
  initialTokens: 0,
});
/** 3 every 1,000 ms. */
const window = limitSpec("window", fixedWindow, { capacity: 3, windowMs: 1_000 });

describe("LookAhead.serve", () => {
  test("serves each waiter at the first instant at which all it asks for is there", () => {
    const ahead = new LookAhead(LimitSet.start([rate, window], 0));
    expect([1, 2, 1, 2, 1].map((cost) => ahead.serve(cost))).toEqual([
      100, 300, 1_000, 1_000, 2_000,
    ]);
    expect(ahead.servedAtMs).toBe(2_000);
  });

  test("leaves the limits as they are", () => {
    const limits = LimitSet.start([rate, window], 0);
    new LookAhead(limits).serve(3);
    expect(limits.all.map(({ tokens, reachedAtMs }) => [tokens, reachedAtMs])).toEqual([
      [0, 0],
      [3, 0],
    ]);
  });
});

describe("LookAhead.availableAt", () => {
  test("is never before the last waiter was served, even for what is there", () => {
    const ahead = new LookAhead(LimitSet.start([rate, window], 0));
    ahead.serve([0, 3]);
    ahead.serve([4, 0]);
    // The window has been full since 0 + 1,000, and nothing of it was wanted since.
    expect(ahead.availableAt([0, 1])).toBe(1_000);
    ahead.serve(3);
    ahead.serve([5, 0]);
    expect([ahead.servedAtMs, ahead.availableAt([0, 0])]).toEqual([1_300, 1_300]);
    expect([ahead.msUntil([0, 0], 1_000), ahead.msUntil([1, 0], 1_000)]).toEqual([300, 400]);
  });

  test("before the first one is the instant of the limits", () => {
    const limits = LimitSet.start([rate], 0);
    limits.advance(250);
    const ahead = new LookAhead(limits);
    expect([ahead.servedAtMs, ahead.availableAt(2), ahead.availableAt(3)]).toEqual([200, 200, 300]);
  });
});

describe("A LookAhead of a LookAhead", () => {
  test("goes on from there and its own way", () => {
    const ahead = new LookAhead(LimitSet.start([rate], 0));
    ahead.serve(2);
    const further = new LookAhead(ahead);
    expect(further.serve(3)).toBe(500);
    expect([ahead.servedAtMs, ahead.availableAt(1)]).toEqual([200, 300]);
  });
});

describe("LookAhead.serveRun", () => {
  test("ends where serving one after the other does, if the closed form covers each", () => {
    const limits = LimitSet.start([rate], 0);
    limits.advance(250);
    const single = new LookAhead(limits);
    const run = new LookAhead(limits);
    for (const cost of [1, 5, 2]) single.serve(cost);
    run.serveRun(8);
    expect(run.servedAtMs).toBe(800);
    for (const ahead of [single, run]) {
      expect([1, 5].map((cost) => ahead.availableAt(cost))).toEqual([900, 1_300]);
    }
  });
});

test("A waiter that leaves only helps those behind it, whatever each takes of several limits", () => {
  let helped = 0;
  const anyCapacity = fc.integer({ min: 2, max: 9 });
  const anyLimits = fc
    .tuple(anyCapacity, fc.integer({ min: 1, max: 5 }), anyCapacity, anyCapacity)
    .map(([capacity, refillTokens, ...windows]) => {
      const fields = { capacity, refillTokens, refillIntervalMs: 10, initialTokens: 0 };
      return [
        limitSpec("rate", tokenBucket, fields),
        limitSpec("short", fixedWindow, { capacity: windows[0], windowMs: 25 }),
        limitSpec("long", fixedWindow, { capacity: windows[1], windowMs: 70 }),
      ];
    });
  const anyCost = fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9));
  const anyQueue = fc.array(anyCost, { minLength: 2, maxLength: 12 });
  fc.assert(
    fc.property(anyLimits, anyQueue, fc.nat(11), (specs, drawn, pick) => {
      const limits = LimitSet.start(specs, 0);
      const costs = drawn.map((cost) =>
        cost.map((tokens, index) => tokens % (Number(limits.all[index]?.capacity) + 1)),
      );
      const all = new LookAhead(limits);
      const fewer = new LookAhead(limits);
      costs.forEach((cost, index) => {
        const atMs = all.serve(cost);
        if (index === pick % costs.length) return;
        const earlierAtMs = fewer.serve(cost);
        expect(earlierAtMs).toBeLessThanOrEqual(atMs);
        if (earlierAtMs < atMs) helped += 1;
      });
    }),
    { numRuns: runs(3_000) },
  );
  expect(helped).toBeGreaterThanOrEqual(timesSeen(1_000));
});
