import { describe, expect, test } from "vitest";

import { bookReport, lendTokens } from "../../../src/core/lease/lending.ts";
import { limitSpec } from "../../../src/core/limits/limit.ts";
import { LimitSet } from "../../../src/core/limits/limit-set.ts";
import { tokenBucket } from "../../../src/core/limits/token-bucket.ts";

/** A token in 100 ms, up to 100. */
function limitsWith(initialTokens: number): LimitSet {
  const fields = { capacity: 100, refillTokens: 1, refillIntervalMs: 100, initialTokens };
  return LimitSet.start([limitSpec("rate", tokenBucket, fields)], 0);
}

const terms = { maxTokens: 40, ttlMs: 1_000 };

function lentOf(limits: LimitSet, wanted: number): number {
  return lendTokens(limits, terms, wanted, 0)?.tokens ?? 0;
}

describe("lendTokens", () => {
  test.each([
    ["as many as are wanted", 100, 7, 7],
    ["at most what the terms allow", 100, 99, 40],
    ["at most half of what is there", 21, 99, 10],
    ["nothing of the last token", 1, 99, 0],
    ["nothing if nothing is wanted", 100, 0, 0],
  ])("lends %s", (_, initialTokens, wanted, lent) => {
    const limits = limitsWith(initialTokens);
    expect(lentOf(limits, wanted)).toBe(lent);
    expect([limits.first.tokens, limits.first.lent?.tokens ?? 0]).toEqual([
      initialTokens - lent,
      lent,
    ]);
  });

  test("lends at most half of the capacity on all leases together", () => {
    const limits = limitsWith(100);
    expect([40, 40, 40].map((wanted) => lentOf(limits, wanted))).toEqual([40, 10, 0]);
  });

  test("lends nothing during a pause, whatever it has left", () => {
    const limits = limitsWith(100);
    limits.first.pause(500, 100, 0);
    expect(lentOf(limits, 10)).toBe(0);
    limits.first.resume(100);
    expect(lentOf(limits, 10)).toBe(10);
  });

  test("says whose tokens they are, how long an isolate may grant them, and when they are spent", () => {
    const limits = limitsWith(100);
    const lease = lendTokens(limits, terms, 10, 0);
    expect(lease).toEqual({
      tokens: 10,
      startedAtMs: 0,
      ttlMs: 1_000,
      untilMs: expect.any(Number),
    });
    expect(lease?.untilMs).toBe(limits.first.lent?.nextEndAtMs);
    expect(lease?.untilMs).toBeGreaterThan(1_000);
  });
});

describe("bookReport", () => {
  test("settles what was used and what comes back, and returns what was used", () => {
    const limits = limitsWith(100);
    const { untilMs = 0 } = lendTokens(limits, terms, 10, 0) ?? {};
    const uses = [
      { startedAtMs: 0, untilMs, used: 3, returned: 0 },
      { startedAtMs: 0, untilMs, used: 1, returned: 4 },
    ];
    expect(bookReport(limits, { uses, granted: 2 })).toBe(4);
    expect([limits.first.tokens, limits.first.lent?.tokens]).toEqual([94, 2]);
  });

  test("counts what a lease that has ended has granted, and changes no token", () => {
    const limits = limitsWith(100);
    const { untilMs = 0 } = lendTokens(limits, terms, 10, 0) ?? {};
    limits.advance(untilMs);
    const { tokens } = limits.first;
    const uses = [{ startedAtMs: 0, untilMs, used: 3, returned: 7 }];
    expect(bookReport(limits, { uses, granted: 3 })).toBe(3);
    expect(limits.first.tokens).toBe(tokens);
  });

  test("knows nothing of a bucket that started at another instant", () => {
    const limits = limitsWith(100);
    const { untilMs = 0 } = lendTokens(limits, terms, 10, 0) ?? {};
    const uses = [{ startedAtMs: -1, untilMs, used: 3, returned: 7 }];
    expect(bookReport(limits, { uses, granted: 3 })).toBeUndefined();
    expect(bookReport(limits, { uses: [], granted: 0 })).toBeUndefined();
    expect(limits.first.lent?.tokens).toBe(10);
  });
});
