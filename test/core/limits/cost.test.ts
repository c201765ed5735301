import { describe, expect, test } from "vitest";

import {
  askFaults,
  costOf,
  requireCost,
  tokensOf,
  unknownLimits,
} from "../../../src/core/limits/cost.ts";

const limits = [{ name: "rate" }, { name: "tpm" }, { name: "constructor" }];

function messagesOf(faults: readonly { readonly message: string }[]): string[] {
  return faults.map(({ message }) => message);
}

describe("costOf", () => {
  test("is a number as long as no limit is named", () => {
    expect(costOf(limits, { tokens: 3 })).toBe(3);
  });

  test("takes `tokens` of each limit that isn't named", () => {
    expect(costOf(limits, { tokens: 3, limits: { tpm: 0 } })).toEqual([3, 0, 3]);
    expect(costOf(limits, { tokens: 0, limits: { rate: 7, other: 9 } })).toEqual([7, 0, 0]);
  });
});

describe("tokensOf", () => {
  test("is the same for every limit, or that of its place", () => {
    expect([0, 1].map((index) => tokensOf(4, index))).toEqual([4, 4]);
    expect([0, 1, 2].map((index) => tokensOf([5, 6], index))).toEqual([5, 6, 0]);
  });
});

describe("askFaults", () => {
  test("names every limit that there isn't, and those that there are", () => {
    const faults = askFaults(limits, { tokens: 1, limits: { tpm: 1, tmp: 1, valueof: 2 } });
    expect(faults).toEqual([
      { field: "tokens.tmp", message: '"tmp" is no limit of this bucket: rate, tpm, constructor' },
      {
        field: "tokens.valueof",
        message: '"valueof" is no limit of this bucket: rate, tpm, constructor',
      },
    ]);
  });

  test("refuses nothing of every limit, and allows something of one", () => {
    const none = { rate: 0, tpm: 0, constructor: 0 };
    expect(messagesOf(askFaults(limits, { tokens: 1, limits: none }))).toEqual([
      "tokens must be at least 1 of one limit: got 0 of each",
    ]);
    expect(messagesOf(askFaults(limits, { tokens: 0 }))).toHaveLength(1);
    expect(askFaults(limits, { tokens: 0, limits: { ...none, tpm: 1 } })).toEqual([]);
    expect(askFaults(limits, { tokens: 1, limits: { rate: 0, tpm: 0 } })).toEqual([]);
  });
});

describe("unknownLimits", () => {
  test("has nothing to say of known names", () => {
    expect(unknownLimits(limits, ["tpm", "rate"], "limits")).toEqual([]);
    expect(unknownLimits(limits, ["day"], "limits")).toMatchObject([{ field: "limits" }]);
  });
});

describe("requireCost", () => {
  test.each([1, [0, 0], [0, 5], []])("accepts %o", (cost) => {
    expect(() => requireCost(cost)).not.toThrow();
  });

  test.each([0, 1.5, -1, Number.NaN, [-1], [1, 0.5], null])("refuses %o", (cost) => {
    expect(() => requireCost(cost as number)).toThrow(RangeError);
  });
});
