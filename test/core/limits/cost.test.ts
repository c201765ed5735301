import { describe, expect, test } from "vitest";

import type { Limit } from "../../../src/core/limits/limit.ts";

import { bucketOf } from "../../../kit/model/limiters.ts";
import {
  askFaults,
  costOf,
  lacks,
  msUntilHas,
  requireCost,
  tokensOf,
  unknownLimits,
} from "../../../src/core/limits/cost.ts";
import { tokenBucket } from "../../../src/core/limits/token-bucket.ts";

/** Of 5, a token every 100 ms, full at the start. */
function bucket(): Limit {
  return tokenBucket.start(bucketOf({ capacity: 5, refillIntervalMs: 100, initialTokens: 5 }), 0);
}

const limits = [{ name: "rate" }, { name: "tpm" }, { name: "daily" }];

describe("tokensOf", () => {
  test("is the same of each limit for a number, and nothing of those beyond a list", () => {
    expect([0, 1, 2].map((index) => tokensOf(4, index))).toEqual([4, 4, 4]);
    expect([0, 1, 2].map((index) => tokensOf([4, 0], index))).toEqual([4, 0, 0]);
  });
});

describe("lacks, msUntilHas", () => {
  test("wait for what isn't there", () => {
    const limit = bucket();
    limit.take(4);
    expect([1, 2].map((tokens) => lacks(limit, tokens))).toEqual([false, true]);
    expect([1, 2, 5].map((tokens) => msUntilHas(limit, tokens, 30))).toEqual([-30, 70, 370]);
  });

  test("have nothing at once, even of a limit that is below zero", () => {
    const limit = bucket();
    limit.lend(7, 250);
    expect([limit.tokens, lacks(limit, 0), lacks(limit, 1)]).toEqual([-2, false, true]);
    expect([msUntilHas(limit, 0, 30), msUntilHas(limit, 1, 30)]).toEqual([-30, 470]);
  });
});

describe("costOf", () => {
  test.each([
    [{ tokens: 3 }, 3],
    [{ tokens: 1, limits: { tpm: 1_200 } }, [1, 1_200, 1]],
    [{ tokens: 0, limits: { daily: 1 } }, [0, 0, 1]],
    [{ tokens: 7, limits: { rate: 2, tpm: 0 } }, [2, 0, 7]],
    [{ tokens: 1, limits: {} }, [1, 1, 1]],
    [{ tokens: 1, limits: { other: 5 } }, [1, 1, 1]],
  ])("of %j is %j", (ask, cost) => {
    expect(costOf(limits, ask)).toEqual(cost);
  });

  test("doesn't take for a name what every object has", () => {
    expect(costOf([{ name: "constructor" }], { tokens: 2, limits: {} })).toEqual([2]);
  });
});

describe("askFaults", () => {
  test.each([
    { tokens: 1 },
    { tokens: 0, limits: { daily: 1 } },
    { tokens: 1, limits: { rate: 0, tpm: 0 } },
  ])("has nothing against %j", (ask) => {
    expect(askFaults(limits, ask)).toEqual([]);
  });

  test.each([
    { tokens: 0 },
    { tokens: 0, limits: { rate: 0 } },
    { tokens: 4, limits: { rate: 0, tpm: 0, daily: 0 } },
  ])("refuses %j, which takes nothing", (ask) => {
    const message = "tokens must be at least 1 of one limit (rate, tpm, daily): got 0 of each";
    expect(askFaults(limits, ask)).toEqual([{ field: "tokens", message }]);
  });

  test("names each limit that there isn't, and those there are", () => {
    const ask = { tokens: 0, limits: { tpm: 1, weekly: 2, "": 3 } };
    expect(askFaults(limits, ask)).toEqual([
      {
        field: "tokens.weekly",
        message: '"weekly" is no limit of this bucket: rate, tpm, daily',
      },
      { field: "tokens.", message: '"" is no limit of this bucket: rate, tpm, daily' },
    ]);
  });
});

describe("unknownLimits", () => {
  test("has a fault of the field for each", () => {
    expect(unknownLimits(limits, ["tpm", "rate"], "limits")).toEqual([]);
    const faults = unknownLimits(limits, ["tpm", "x", "y"], "limits");
    expect(faults.map(({ field }) => field)).toEqual(["limits", "limits"]);
  });
});

describe("requireCost", () => {
  test.each([1, Number.MAX_SAFE_INTEGER, [1], [0, 3], [0, 0], []])("accepts %j", (cost) => {
    expect(() => requireCost(cost)).not.toThrow();
  });

  test.each([0, -1, 1.5, NaN, [1, -1], [0.5], [1, Infinity], null, "1", ["1"]])(
    "refuses %j",
    (cost) => {
      expect(() => requireCost(cost as number)).toThrow(RangeError);
    },
  );
});
