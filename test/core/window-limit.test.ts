import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";

import type { TokenBucketFields } from "../../src/core/limits/token-bucket-fields.ts";
import type { WindowLimit } from "../../src/core/window-limit.ts";
import type { SeenGrant } from "../../kit/model/virtual-time.ts";

import { DURATION } from "../../src/core/duration.ts";
import { tokenBucket } from "../../src/core/limits/token-bucket.ts";
import { tokenBucketFields } from "../../src/core/limits/token-bucket-fields.ts";
import { Policy } from "../../src/core/policy.ts";
import {
  checkWindowLimit,
  showWindowLimit,
  tokenBucketOf,
  WINDOW_LIMIT,
  windowLimitWords,
} from "../../src/core/window-limit.ts";
import { anyFaultyOperation, foldTokens, historyOf } from "../../kit/model/arbitraries.ts";
import { epochMs } from "../../kit/model/limiters.ts";
import { VirtualOwner } from "../../kit/model/virtual-time.ts";
import { runs, timesSeen } from "../../kit/runs.ts";

/** On a busy machine, and for the shrinking of a failure: vitest's 5 s are for a single example. */
vi.setConfig({ testTimeout: 60_000 });

const { min: minMs, max: maxMs } = tokenBucketFields.refillIntervalMs;

/** The most that the ticks in one window add. */
function refilledIn(
  { windowMs }: WindowLimit,
  refillTokens: number,
  refillIntervalMs: number,
): number {
  return refillTokens * (Math.floor(windowMs / refillIntervalMs) + 1);
}

/** What the limit says, by trying everything that could be possible. */
function bruteForce(limit: WindowLimit): TokenBucketFields | undefined {
  const { tokens, windowMs, burst } = limit;
  let best: TokenBucketFields | undefined;
  let most = 0;
  // One tick falls into a window that is shorter than the interval, so longer ones are no better.
  for (let ms = minMs; ms <= Math.max(minMs, windowMs + 1); ms += 1) {
    for (let refillTokens = 1; refillTokens <= burst; refillTokens += 1) {
      const refilled = refilledIn(limit, refillTokens, ms);
      if (burst + refilled > tokens) break;
      if (refilled <= most) continue;
      most = refilled;
      best = { capacity: burst, refillTokens, refillIntervalMs: ms, initialTokens: burst };
    }
  }
  return best;
}

/** The most that was granted in any window of the length. */
function fullestOf(grants: readonly SeenGrant[], windowMs: number): number {
  const counts = grants.map(({ grantedAtMs: fromMs }) => {
    const inWindow = grants.filter(
      ({ grantedAtMs }) => grantedAtMs >= fromMs && grantedAtMs <= fromMs + windowMs,
    );
    return inWindow.reduce((sum, { tokens }) => sum + tokens, 0);
  });
  return Math.max(0, ...counts);
}

/** Small limits, so that all numbers can be tried, and windows are full after a few callers. */
const anySmallLimit: fc.Arbitrary<WindowLimit> = fc
  .tuple(fc.integer({ min: 2, max: 60 }), fc.integer({ min: 1, max: 400 }), fc.nat())
  .map(([tokens, windowMs, drawn]) => ({ tokens, windowMs, burst: 1 + (drawn % (tokens - 1)) }));

/** Limits of any size up to the largest. */
const anyLimit: fc.Arbitrary<WindowLimit> = fc
  .tuple(
    fc.oneof(fc.integer({ min: 2, max: 100_000 }), fc.integer({ min: 2, max: 10 ** 12 })),
    fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 365 * 86_400_000 })),
    fc.oneof(fc.constant(undefined), fc.nat(10 ** 9)),
  )
  .map(([tokens, windowMs, drawn]) => {
    const burst = drawn === undefined ? Math.floor(tokens / 10) : drawn % (tokens - 1);
    return { tokens, windowMs, burst: Math.min(10 ** 9, Math.max(1, burst)) };
  });

describe("tokenBucketOf", () => {
  test.each([
    ["one token a tick", 100, 60_000, 10, 1, 667],
    ["the largest burst: one token in the window", 100, 60_000, 99, 1, 60_001],
    ["ticks of some, as those of one would leave 4 of 900 unused", 1_000, 60_000, 100, 4, 267],
    ["ticks of many, as intervals are 10 ms at least", 10_000, 1_000, 1_000, 125, 14],
    ["a spare of 47, which only one tick can use up", 100, 1_000, 53, 47, 1_001],
    ["no tick beyond the burst, though it leaves something unused", 5, 1, 1, 1, 10],
    ["the same with a spare of 7 and a burst of 5", 12, 20, 5, 2, 10],
    ["the longest interval", 3, 86_399_999, 2, 1, 86_400_000],
    ["the longest interval, twice in the window", 4, 86_400_000 * 2 - 1, 2, 1, 86_400_000],
  ])("takes %s", (_, tokens, windowMs, burst, refillTokens, refillIntervalMs) => {
    expect(tokenBucketOf({ tokens, windowMs, burst })).toEqual({
      capacity: burst,
      refillTokens,
      refillIntervalMs,
      initialTokens: burst,
    });
  });

  test("has no numbers if ticks would have to be over a day apart", () => {
    expect(tokenBucketOf({ tokens: 3, windowMs: 86_400_000, burst: 2 })).toBeUndefined();
    expect(tokenBucketOf({ tokens: 4, windowMs: 86_400_000, burst: 2 })).toBeDefined();
  });

  test("finds what trying everything finds", () => {
    fc.assert(
      fc.property(anySmallLimit, (limit) => {
        expect(tokenBucketOf(limit)).toEqual(bruteForce(limit));
      }),
      { numRuns: runs(3_000) },
    );
  });

  test("keeps to the limit and the ranges, and no other numbers leave less unused", () => {
    let better = 0;
    fc.assert(
      fc.property(anyLimit, fc.nat(), fc.nat(), (limit, drawnTokens, drawnMs) => {
        const { tokens, windowMs, burst } = limit;
        const spare = tokens - burst;
        const fields = tokenBucketOf(limit);
        const leastTicks = Math.floor(windowMs / maxMs) + 1;
        expect(fields === undefined).toBe(leastTicks > spare);
        if (!fields) return;
        const { refillTokens, refillIntervalMs } = fields;
        expect(Policy.of({ ...fields }).toJSON()).toMatchObject(fields);
        expect(fields).toMatchObject({ capacity: burst, initialTokens: burst });
        expect(refillTokens).toBeLessThanOrEqual(burst);
        expect(tokenBucket.maxGranted(fields, windowMs)).toBeLessThanOrEqual(tokens);

        const refilled = refilledIn(limit, refillTokens, refillIntervalMs);
        // Any other number of tokens per tick, at the shortest interval that is possible or a longer one.
        const others = [1 + (drawnTokens % Math.min(burst, spare)), refillTokens + 1, refillTokens];
        for (const other of others.filter((number) => number <= burst)) {
          const maxTicks = Math.floor(spare / other);
          if (maxTicks < leastTicks) continue;
          const shortestMs = Math.max(minMs, Math.floor(windowMs / maxTicks) + 1);
          for (const ms of [shortestMs, shortestMs + (drawnMs % (maxMs - shortestMs + 1))]) {
            const otherRefilled = refilledIn(limit, other, ms);
            expect(otherRefilled).toBeLessThanOrEqual(refilled);
            if (otherRefilled === refilled) expect(ms).toBeGreaterThanOrEqual(refillIntervalMs);
            else better += 1;
          }
        }
      }),
      { numRuns: runs(5_000) },
    );
    expect(better).toBeGreaterThanOrEqual(timesSeen(1_000));
  });

  test("finds the numbers of the largest limit in one go", () => {
    const limit = { tokens: 2 ** 53 - 1, windowMs: 365 * 86_400_000, burst: 10 ** 9 };
    const fields = tokenBucketOf(limit);
    expect(fields && tokenBucket.maxGranted(fields, limit.windowMs)).toBeLessThanOrEqual(
      limit.tokens,
    );
  });
});

describe("a limiter with the numbers of a limit", () => {
  test("grants no more than the limit in any window, whatever fails", () => {
    let full = 0;
    fc.assert(
      fc.property(anySmallLimit, historyOf(anyFaultyOperation), (limit, history) => {
        const fields = tokenBucketOf(limit);
        if (!fields) return;
        const policy = Policy.of(fields);
        const owner = new VirtualOwner(policy, epochMs);
        for (const operation of history) {
          if (operation.kind === "acquire") {
            owner.acquire(foldTokens(policy, operation.tokens), operation.timeoutMs);
          } else if (operation.kind === "pass") owner.pass(operation.ms, operation.lateMs);
          else if (operation.kind === "jump") owner.jump(operation.ms);
          else if (operation.kind === "crash") owner.crash(operation.losesATurn);
          else if (operation.kind === "put back") owner.requeue(operation.count);
        }
        owner.finish();
        const granted = fullestOf(owner.grants, limit.windowMs);
        expect(granted).toBeLessThanOrEqual(limit.tokens);
        if (granted === limit.tokens) full += 1;
      }),
      { numRuns: runs(1_500) },
    );
    expect(full).toBeGreaterThanOrEqual(timesSeen(20));
  });

  test("grants a full burst and every tick in a window that begins just before one", () => {
    let whole = 0;
    fc.assert(
      fc.property(anySmallLimit, (limit) => {
        const fields = tokenBucketOf(limit);
        if (!fields) return;
        const { capacity, refillTokens, refillIntervalMs } = fields;
        const owner = new VirtualOwner(Policy.of({ ...fields, queueLimit: 10_000 }), epochMs);
        owner.acquire(1, 0);
        owner.pass(refillIntervalMs * (capacity + 1) - 1, 0);
        for (let caller = 0; caller < limit.tokens + refillTokens; caller += 1) {
          owner.acquire(1, 3_600_000);
        }
        owner.finish();
        // From a millisecond before a tick on.
        const ticks = Math.floor((limit.windowMs - 1) / refillIntervalMs) + 1;
        const granted = fullestOf(owner.grants, limit.windowMs);
        expect(granted).toBe(capacity + refillTokens * ticks);
        if (granted === limit.tokens) whole += 1;
      }),
      { numRuns: runs(1_000) },
    );
    expect(whole).toBeGreaterThanOrEqual(timesSeen(300));
  });

  test("serves callers who take any number at once without losing a token", () => {
    const limit = { tokens: 100, windowMs: 60_000, burst: 10 };
    const fields = tokenBucketOf(limit);
    if (!fields) throw new Error("no numbers");
    for (let tokens = 1; tokens <= 10; tokens += 1) {
      const owner = new VirtualOwner(Policy.of({ ...fields, maxWaitMs: 3_600_000 }), epochMs);
      for (let caller = 0; caller < 50; caller += 1) owner.acquire(tokens, 3_600_000);
      owner.finish();
      const lastMs = Number(owner.grants.at(-1)?.grantedAtMs) - epochMs;
      expect(lastMs).toBe((50 * tokens - limit.burst) * fields.refillIntervalMs);
    }
  });
});

const messageOf = (limit: unknown, burst?: unknown, prefix?: string): string => {
  const check = checkWindowLimit(limit, burst, prefix);
  return check.ok ? "no fault" : `${check.fault.field}: ${check.fault.message}`;
};

describe("checkWindowLimit", () => {
  test.each([
    ["100/1m", undefined, { tokens: 100, windowMs: 60_000, burst: 10 }],
    ["109/1m", undefined, { tokens: 109, windowMs: 60_000, burst: 10 }],
    ["100/1m", 99, { tokens: 100, windowMs: 60_000, burst: 99 }],
    ["100/1m", 1, { tokens: 100, windowMs: 60_000, burst: 1 }],
    ["2/1s", undefined, { tokens: 2, windowMs: 1_000, burst: 1 }],
    ["19/250ms", undefined, { tokens: 19, windowMs: 250, burst: 1 }],
    ["10000000009/1h", undefined, { tokens: 10_000_000_009, windowMs: 3.6e6, burst: 10 ** 9 }],
    ["50/1.5s", 5, { tokens: 50, windowMs: 1_500, burst: 5 }],
  ])("reads %s with a burst of %s", (text, burst, limit) => {
    expect(checkWindowLimit(text, burst)).toEqual({
      ok: true,
      limit,
      fields: tokenBucketOf(limit),
    });
  });

  test.each([
    ["", '""'],
    ["100", '"100"'],
    [100, "100"],
    [null, "null"],
    ["100/m", '"100/m"'],
    ["100/60", '"100/60"'],
    ["/1m", '"/1m"'],
    ["1.5/1m", '"1.5/1m"'],
    ["-5/1m", '"-5/1m"'],
    ["100 / 1m", '"100 / 1m"'],
    ["100/1m/1m", '"100/1m/1m"'],
    ["9007199254740992/1d", '"9007199254740992/1d"'],
  ])("takes %j for no limit", (limit, shown) => {
    expect(messageOf(limit)).toBe(
      `limit: limit must be tokens per window, such as "100/1m", with a unit of ms, s, m, h, d: got ${shown}`,
    );
  });

  test.each(["100/0s", "100/0.5ms", "100/1.0001s", "100/366d", "100/99999999999999999999d"])(
    "refuses the window of %j",
    (limit) => {
      expect(messageOf(limit)).toBe(
        `limit: limit must be per whole milliseconds, from 1ms to 365d: got "${limit}"`,
      );
    },
  );

  test.each([
    ["1/1s", 1],
    ["1/1s", undefined],
    ["0/1s", undefined],
  ])("refuses %s with a burst of %s, as a tick can follow the burst", (limit, burst) => {
    expect(messageOf(limit, burst)).toBe(
      `limit: limit must be at least 2 tokens per window, a burst of 1 and another (for one at a time, use capacity, refillTokens and refillInterval): got "${limit}"`,
    );
  });

  test("refuses a burst that is not below the limit", () => {
    for (const burst of [100, 101]) {
      expect(messageOf("100/1m", burst)).toBe(
        `burst: burst must be below the limit, so at most 99 of "100/1m": got ${burst}`,
      );
    }
  });

  test.each([0, -1, 1.5, "5", null, 1_000_000_001])("refuses a burst of %j", (burst) => {
    expect(messageOf("100/1m", burst)).toBe(
      `burst: burst must be an integer from 1 to 1000000000: got ${JSON.stringify(burst)}`,
    );
  });

  test("asks for a burst where a tenth is more than a bucket holds", () => {
    expect(messageOf("10000000010/1h")).toBe(
      'limit: limit must be at most 10000000009 tokens without a burst: got "10000000010/1h"',
    );
    expect(messageOf("10000000010/1h", 1_000)).toBe("no fault");
  });

  test("names the least limit where ticks a day apart are too many", () => {
    const rule = (least: string, ticks: number, got: string): string =>
      `limit: limit must be at least ${least}, the burst and ${ticks} ticks, as ticks are at most 1d apart: got "${got}"`;
    expect(messageOf("2/3d")).toBe(rule("5 tokens per 3d", 4, "2/3d"));
    expect(messageOf("7/3d", 4)).toBe(rule("8 tokens per 3d", 4, "7/3d"));
    expect(messageOf("10/365d")).toBe(rule("406 tokens per 365d", 366, "10/365d"));
  });

  test("names a least limit that is legal, and one below it that is not", () => {
    const anyBurst = fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 365 }), anyBurst, (days, burst) => {
        const [, least] =
          /at least (\d+)/.exec(messageOf(`${(burst ?? 1) + 1}/${days}d`, burst)) ?? [];
        expect(messageOf(`${least}/${days}d`, burst)).toBe("no fault");
        expect(messageOf(`${Number(least) - 1}/${days}d`, burst)).not.toBe("no fault");
      }),
      { numRuns: runs(500) },
    );
  });

  test("puts the prefix in front of its names", () => {
    expect(messageOf(5, 1, "limits.tpm.")).toMatch(/^limits\.tpm\.limit: limits\.tpm\.limit must/);
    expect(messageOf("5/1s", 5, "limits.tpm.")).toMatch(
      /^limits\.tpm\.burst: limits\.tpm\.burst must/,
    );
    expect(messageOf("5/1s", 0, "limits.tpm.")).toMatch(
      /^limits\.tpm\.burst: limits\.tpm\.burst must/,
    );
  });
});

test("WINDOW_LIMIT is what a limit looks like, whatever its numbers", () => {
  expect(WINDOW_LIMIT.source.endsWith(DURATION.source.slice(1))).toBe(true);
  for (const limit of ["100/1m", "1/1s", "9999999999999999/400d", "5/0.5ms"]) {
    expect(limit).toMatch(WINDOW_LIMIT);
  }
  for (const limit of ["100", "100/m", "100/1m/1m", "x100/1m", "100/1min", "1.5/1m", "100/1m "]) {
    expect(limit).not.toMatch(WINDOW_LIMIT);
  }
});

test("showWindowLimit says in one line what a limit stands for", () => {
  const check = checkWindowLimit("100/60s", undefined);
  expect(check.ok && showWindowLimit(check.limit, check.fields)).toBe(
    "limit 100/1m, burst 10 = capacity 10, refillTokens 1, refillIntervalMs 667, initialTokens 10",
  );
});

test("windowLimitWords names the numbers that a limit stands for", () => {
  const { limit, burst } = windowLimitWords;
  for (const name of Object.keys(tokenBucketFields)) expect(limit.description).toContain(name);
  expect([limit, burst].filter(({ description }) => description.endsWith("."))).toEqual([]);
});
