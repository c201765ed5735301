import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { ZoneOffsets } from "../../../src/core/limits/civil-grid.ts";

import { calendarOf, zoneOf } from "../../../kit/model/calendars.ts";
import { fixedWindow, type FixedWindowFields } from "../../../kit/model/fixed-window.ts";
import { runs } from "../../../kit/runs.ts";
import { calendar } from "../../../src/core/limits/calendar.ts";
import { utcOffsets } from "../../../src/core/limits/civil-grid.ts";
import { type LimitSpec, limitSpec } from "../../../src/core/limits/limit.ts";
import { LimitSet } from "../../../src/core/limits/limit-set.ts";
import { tokenBucket } from "../../../src/core/limits/token-bucket.ts";

/** Full, and a token every 100 ms. */
function rateOf(capacity: number): LimitSpec {
  const fields = { capacity, refillTokens: 1, refillIntervalMs: 100, initialTokens: capacity };
  return limitSpec("rate", tokenBucket, fields);
}

/** Full every 1,000 ms. */
function windowFields(capacity: number): FixedWindowFields {
  return { capacity, windowMs: 1_000 };
}

function windowOf(capacity: number): LimitSpec {
  return limitSpec("window", fixedWindow, windowFields(capacity));
}

function tokensOf(limits: LimitSet): number[] {
  return limits.all.map(({ tokens }) => tokens);
}

describe("LimitSet.start", () => {
  test("starts all of them now, in order", () => {
    const limits = LimitSet.start([rateOf(5), windowOf(2)], 7);
    expect(limits.all.map(({ startedAtMs }) => startedAtMs)).toEqual([7, 7]);
    expect(tokensOf(limits)).toEqual([5, 2]);
    expect(limits.first.capacity).toBe(5);
  });

  test("refuses no limit at all", () => {
    expect(() => LimitSet.start([], 0)).toThrow(new RangeError("A bucket needs a limit"));
  });
});

describe("LimitSet.tryTake", () => {
  test("takes of all limits or of none", () => {
    const limits = LimitSet.start([rateOf(5), windowOf(2)], 0);
    expect([limits.tryTake(2), tokensOf(limits)]).toEqual([true, [3, 0]]);
    expect([limits.tryTake(1), tokensOf(limits)]).toEqual([false, [3, 0]]);
  });

  test("takes as much of each as a list says", () => {
    const limits = LimitSet.start([rateOf(5), windowOf(2)], 0);
    expect([limits.tryTake([4, 0]), tokensOf(limits)]).toEqual([true, [1, 2]]);
    expect([limits.tryTake([0, 2]), tokensOf(limits)]).toEqual([true, [1, 0]]);
    expect([limits.tryTake([1, 1]), tokensOf(limits)]).toEqual([false, [1, 0]]);
  });
});

describe("LimitSet, of which nothing is asked", () => {
  test("has it at once, even of a limit that is below zero", () => {
    const limits = LimitSet.start([rateOf(5), windowOf(2)], 0);
    for (const limit of limits.all) limit.lend(7, 90_000);
    expect(tokensOf(limits)).toEqual([-2, -5]);
    limits.first.endLoan(90_000, 0, 7);
    expect([limits.has([1, 0]), limits.has([1, 1])]).toEqual([true, false]);
    expect(limits.availableAt([1, 0])).toBe(0);
    expect([limits.namesLater([6, 0], 10), limits.nameOfLast([6, 0])]).toEqual([["rate"], "rate"]);
    expect([limits.tryTake([1, 0]), tokensOf(limits)]).toEqual([true, [4, -5]]);
  });
});

describe("LimitSet.namesOver", () => {
  test.each([
    [1, []],
    [3, ["window"]],
    [[6, 2], ["rate"]],
    [6, ["rate", "window"]],
  ])("of %j are %j", (cost, names) => {
    expect(LimitSet.start([rateOf(5), windowOf(2)], 0).namesOver(cost)).toEqual(names);
  });
});

describe("LimitSet.namesLater", () => {
  const limits = LimitSet.start([rateOf(5), windowOf(2)], 0);
  limits.take([5, 2]);

  test.each([
    [1, 50, ["rate", "window"]],
    [1, 100, ["window"]],
    [1, 999, ["window"]],
    [1, 1_000, []],
    [[3, 0], 299, ["rate"]],
    [[0, 1], 300, ["window"]],
  ])("for %j after %d are %j", (cost, atMs, names) => {
    expect(limits.namesLater(cost, atMs)).toEqual(names);
  });

  test("aren't those that have their part already, however late they got it", () => {
    const later = limits.copy();
    later.advance(1_700);
    later.take([0, 2]);
    expect(later.all.map(({ reachedAtMs }) => reachedAtMs)).toEqual([1_700, 1_000]);
    expect(later.namesLater(1, 500)).toEqual(["window"]);
  });
});

describe("LimitSet.nameOfLast", () => {
  test.each([
    [1, "window"],
    [[5, 0], "rate"],
    [[0, 1], "window"],
  ])("for %j is %s", (cost, name) => {
    const limits = LimitSet.start([rateOf(5), windowOf(2)], 0);
    limits.take([5, 2]);
    expect(limits.nameOfLast(cost)).toBe(name);
  });

  test("isn't given for a single limit, nor are the other names", () => {
    const limits = LimitSet.start([rateOf(5)], 0);
    limits.take(5);
    const names = [limits.nameOfLast(1), limits.namesLater(1, 0), limits.namesOver(6)];
    expect(names).toEqual([undefined, undefined, undefined]);
  });
});

describe("LimitSet.fits", () => {
  test.each([
    [2, true],
    [3, false],
    [[5, 2], true],
    [[6, 0], false],
    [[1, 3], false],
  ])("of %j is %s", (cost, fits) => {
    expect(LimitSet.start([rateOf(5), windowOf(2)], 0).fits(cost)).toBe(fits);
  });
});

describe("LimitSet.msUntil", () => {
  test("is until the last of the limits has its part", () => {
    const limits = LimitSet.start([rateOf(5), windowOf(2)], 0);
    limits.take([5, 2]);
    const costs = [1, 2, [3, 0], [0, 1], [5, 1]];
    expect(costs.map((cost) => limits.msUntil(cost, 0))).toEqual([1_000, 1_000, 300, 1_000, 1_000]);
    limits.advance(1_000);
    limits.take(2);
    expect(costs.map((cost) => limits.availableAt(cost))).toEqual([
      2_000, 2_000, 1_000, 2_000, 2_000,
    ]);
    expect(limits.msUntil([5, 0], 900)).toBe(300);
  });
});

describe("LimitSet.reachedAtMs", () => {
  test("is the latest of all limits, and time stands still behind it", () => {
    const limits = LimitSet.start([windowOf(2), rateOf(5)], 0);
    limits.advance(1_250);
    expect(limits.all.map(({ reachedAtMs }) => reachedAtMs)).toEqual([1_000, 1_200]);
    expect(limits.reachedAtMs).toBe(1_200);
    expect([limits.instantOf(1_100), limits.instantOf(1_250)]).toEqual([1_200, 1_250]);
  });
});

describe("LimitSet.passedAtMs", () => {
  test("is the start during a pause, in which nothing comes in", () => {
    const limits = LimitSet.start([rateOf(5)], 0);
    limits.advance(250);
    expect(limits.passedAtMs).toBe(200);
    limits.first.pause(900, 5, 250);
    expect(limits.passedAtMs).toBe(0);
    limits.advance(900);
    expect(limits.passedAtMs).toBe(900);
  });
});

describe("LimitSet.closedForm", () => {
  test("is that of a single limit", () => {
    expect(LimitSet.start([rateOf(5)], 0).closedForm?.covers(1)).toBe(true);
    expect(LimitSet.start([windowOf(5)], 0).closedForm).toBeUndefined();
    expect(LimitSet.start([rateOf(5), rateOf(6)], 0).closedForm).toBeUndefined();
  });
});

describe("LimitSet.isWhole", () => {
  test.each([0, 1])("is false while something of limit %d is out", (index) => {
    const limits = LimitSet.start([rateOf(5), windowOf(2)], 0);
    expect(limits.isWhole).toBe(true);
    limits.all[index]?.lend(1, 50);
    expect(limits.isWhole).toBe(false);
    limits.advance(50);
    expect(limits.isWhole).toBe(true);
  });
});

describe("LimitSet.reconfigure, to another kind", () => {
  const daily = (capacity: number) => limitSpec("rate", calendar, calendarOf({ capacity }));
  const windowed = (capacity: number) => limitSpec("rate", fixedWindow, windowFields(capacity));
  const anySpec = fc.oneof(
    fc.integer({ min: 1, max: 9 }).map(rateOf),
    fc.integer({ min: 1, max: 9 }).map(windowed),
    fc.integer({ min: 1, max: 9 }).map(daily),
  );

  test("keeps the tokens, cut to the capacity, what is out and the pause", () => {
    const limits = LimitSet.start([rateOf(9)], 0);
    limits.take(2);
    limits.first.lend(3, 90_000_000);
    limits.first.pause(86_400_500, 9, 0);
    const kept = { startedAtMs: 50, pausedUntilMs: 86_400_500 };
    limits.reconfigure([daily(8)], 50);
    expect(limits.first).toMatchObject({ ...kept, tokens: 4 });
    expect(limits.first.lent?.toJSON()).toEqual([{ tokens: 3, untilMs: 90_000_000 }]);
    // Nothing comes in at midnight: it is paused until half a second later.
    limits.advance(86_400_000);
    expect(limits.first.tokens).toBe(4);
    limits.reconfigure([rateOf(5)], 86_400_000);
    expect(limits.first).toMatchObject({ tokens: 2, pausedUntilMs: 86_400_500 });
    limits.advance(86_410_000);
    expect([limits.first.tokens, limits.first.lent?.tokens]).toEqual([2, 3]);
  });

  test("keeps what is owed", () => {
    const limits = LimitSet.start([rateOf(5)], 0);
    limits.first.lend(7, 50);
    limits.advance(50);
    limits.reconfigure([daily(8)], 50);
    expect(limits.first.tokens).toBe(-2);
  });

  test("starts with nothing but what was there, whatever a new one would have", () => {
    const limits = LimitSet.start([rateOf(5)], 0);
    limits.take(5);
    for (const spec of [daily(9), rateOf(9), windowed(9), daily(9)]) {
      limits.reconfigure([spec], 50);
      expect(limits.first.tokens).toBe(0);
    }
  });

  test("brings nothing again on a clock that has jumped back behind what came in", () => {
    const limits = LimitSet.start([daily(3)], 86_399_000);
    limits.take(3);
    limits.advance(86_400_000);
    limits.take(3);
    const other = limitSpec("other", calendar, calendarOf({ capacity: 2 }));
    for (const spec of [rateOf(3), daily(3)]) limits.reconfigure([spec, other], 86_399_500);
    limits.take([0, 2]);
    limits.advance(86_400_000);
    expect(tokensOf(limits)).toEqual([0, 0]);
  });

  test("brings nothing, however often it is repeated before anything is due", () => {
    fc.assert(
      fc.property(fc.nat(5), fc.array(anySpec, { minLength: 2, maxLength: 30 }), (taken, specs) => {
        const limits = LimitSet.start([rateOf(5)], 0);
        limits.take(taken);
        let nowMs = 0;
        let before = rateOf(5);
        for (const spec of specs) {
          // A token bucket that stays one goes on with its grid.
          nowMs += spec.kind === before.kind ? 0 : 99;
          const { tokens } = limits.first;
          limits.reconfigure([spec], nowMs);
          expect(limits.first.tokens).toBe(Math.min(tokens, limits.first.capacity));
          before = spec;
        }
      }),
      { numRuns: runs(1_000) },
    );
  });
});

describe("LimitSet.reconfigure", () => {
  test("keeps a limit of the same name and kind, with its tokens cut to the new capacity", () => {
    const limits = LimitSet.start([rateOf(5), windowOf(4)], 0);
    limits.take(1);
    expect(limits.reconfigure([rateOf(3), windowOf(9)], 50)).toBe(true);
    expect(tokensOf(limits)).toEqual([3, 3]);
    expect(limits.specs).toEqual([rateOf(3), windowOf(9)]);
  });

  test.each([
    [
      "one more",
      [rateOf(5), windowOf(4), limitSpec("other", tokenBucket, rateOf(7).fields)],
      [4, 3, 7],
    ],
    ["one fewer", [windowOf(4)], [3]],
    ["another order", [windowOf(4), rateOf(5)], [3, 4]],
    ["another name", [rateOf(5), limitSpec("other", fixedWindow, windowFields(4))], [4, 4]],
    ["another kind", [limitSpec("rate", fixedWindow, windowFields(6)), windowOf(4)], [4, 3]],
  ] as const)("says that they are others: %s", (_, specs, tokens) => {
    const limits = LimitSet.start([rateOf(5), windowOf(4)], 0);
    limits.take(1);
    expect(limits.reconfigure(specs, 50)).toBe(false);
    expect(tokensOf(limits)).toEqual(tokens);
  });

  test("leaves a limit of another kind empty and without debt if more is out than it holds", () => {
    const limits = LimitSet.start([rateOf(50), windowOf(4)], 0);
    limits.first.lend(30, 20_000);
    limits.reconfigure([limitSpec("rate", fixedWindow, windowFields(6)), windowOf(4)], 50);
    expect(tokensOf(limits)).toEqual([0, 4]);
    limits.advance(20_050);
    expect(tokensOf(limits)).toEqual([6, 4]);
  });

  test("refuses no limit at all, and keeps those there are", () => {
    const limits = LimitSet.start([rateOf(5)], 0);
    expect(() => limits.reconfigure([], 0)).toThrow(RangeError);
    expect([limits.specs.length, tokensOf(limits)]).toEqual([1, [5]]);
  });
});

describe("LimitSet.reconfigure, on a clock that has jumped back", () => {
  const slow = (refillIntervalMs: number): LimitSpec => {
    const fields = { capacity: 9, refillTokens: 9, refillIntervalMs, initialTokens: 9 };
    return limitSpec("slow", tokenBucket, fields);
  };

  test("brings no tick of a new grid before the instant that another limit has reached", () => {
    const oneIn10Ms = { capacity: 1, refillTokens: 1, refillIntervalMs: 10, initialTokens: 1 };
    const fast = limitSpec("fast", tokenBucket, oneIn10Ms);
    const limits = LimitSet.start([fast, slow(1_000)], 0);
    limits.take([0, 9]);
    limits.advance(40);
    limits.reconfigure([fast, slow(10)], 5);
    for (const nowMs of [5, 15, 40, 49]) {
      limits.advance(nowMs);
      expect(tokensOf(limits)).toEqual([1, 0]);
    }
    limits.advance(50);
    expect(tokensOf(limits)).toEqual([1, 9]);
  });

  test("brings once a boundary that a new table has before the instant that another limit has reached", () => {
    const minutesMs = (minutes: number): number => minutes * 60_000;
    const specsWith = (zone: ZoneOffsets): LimitSpec[] => [
      slow(1_000),
      limitSpec("hourly", calendar, calendarOf({ every: "hour", zone })),
    ];
    const limits = LimitSet.start(specsWith(utcOffsets), 0);
    limits.advance(minutesMs(40));
    limits.take(5);
    // By the new table, 01:00 was at 00:30.
    const specs = specsWith(zoneOf(0.5));
    const later = LimitSet.restore(specs, limits.toJSON());
    later.advance(minutesMs(20));
    expect(tokensOf(later)).toEqual([4, 0]);
    later.reconfigure(specs, minutesMs(20));
    expect(tokensOf(later)).toEqual([4, 5]);
    later.take(4);
    later.advance(minutesMs(89));
    expect(tokensOf(later)).toEqual([9, 1]);
  });
});

describe("LimitSet.copy and toJSON", () => {
  test("share nothing with the limits they were made from", () => {
    const specs = [rateOf(5), windowOf(2)];
    const limits = LimitSet.start(specs, 0);
    limits.take(1);
    const others = [limits.copy(), LimitSet.restore(specs, limits.toJSON())];
    for (const other of others) {
      expect([tokensOf(other), other.specs]).toEqual([[4, 1], specs]);
      other.take(1);
      expect([tokensOf(other), tokensOf(limits)]).toEqual([
        [3, 0],
        [4, 1],
      ]);
    }
  });

  test.each([
    ["fewer specs", [rateOf(5)], "Cannot restore 1 limits from 2 states"],
    ["other kinds", [windowOf(2), rateOf(5)], "Cannot restore a limit of kind window from bucket"],
  ])("are not of %s", (_, specs, message) => {
    const states = LimitSet.start([rateOf(5), windowOf(2)], 0).toJSON();
    expect(() => LimitSet.restore(specs, states)).toThrow(new RangeError(message));
  });
});
