import { describe, expect, test } from "vitest";

import type { HeldLimit } from "../../../src/core/limits/reserves.ts";

import { debtOf, isSameUse, mapParts, useOf, zerosOf } from "../../../src/core/holds/hold-use.ts";
import { unspentOf } from "../../../src/core/limits/reserves.ts";

function partOf(reserved: number, spent = 0): HeldLimit {
  return { reserved, spent, start: 0 };
}

const same = { rate: partOf(5), tpm: partOf(5) };
const different = { rate: partOf(1), tpm: partOf(400, 100) };

describe("useOf", () => {
  test.each([
    [same, 3, { rate: 3, tpm: 3 }],
    [same, 0, { rate: 0, tpm: 0 }],
    [same, 9, { rate: 9, tpm: 9 }],
    [same, { tpm: 2 }, { rate: 5, tpm: 2 }],
    [different, { rate: 0, tpm: 100 }, { rate: 0, tpm: 100 }],
    [different, {}, { rate: 1, tpm: 400 }],
    // More has been spent than was reserved.
    [{ rate: partOf(5, 8) }, {}, { rate: 8 }],
    [{ rate: partOf(5, 8) }, 8, { rate: 8 }],
  ])("of %j reads %j as %j", (parts, used, tokens) => {
    expect(useOf(parts, "used", used)).toEqual({ tokens });
  });

  test.each([
    [
      different,
      200,
      "used",
      `used must name the limits, as in {"tpm":200}: the hold took {"rate":1,"tpm":400}, got 200`,
    ],
    [same, { rpm: 1 }, "used.rpm", `"rpm" is no limit of this hold: rate, tpm`],
    [
      different,
      { tpm: 99 },
      "used.tpm",
      "used.tpm must be at least the 100 that were spent: got 99",
    ],
    [
      { rate: partOf(5, 8) },
      7,
      "used.rate",
      "used.rate must be at least the 8 that were spent: got 7",
    ],
  ])("of %j doesn't take %j, and names %s: %s", (parts, used, field, message) => {
    expect(useOf(parts, "used", used)).toEqual({ faults: [{ field, message }] });
  });

  test("names everything that is wrong", () => {
    const use = useOf(different, "used", { tpm: 1, rpm: 1, x: 2 });
    expect(use).toMatchObject({ faults: [{}, {}, { field: "used.tpm" }] });
  });

  test("reads what was used so far: less than before is no fault, and other limits stay as they were", () => {
    expect(useOf(different, "atLeast", { tpm: 1 })).toEqual({ tokens: { rate: 0, tpm: 1 } });
    expect(useOf(different, "atLeast", { rpm: 1 })).toMatchObject({ faults: [{}] });
  });

  test("doesn't take what every object has for a limit", () => {
    const use = useOf(same, "used", { constructor: 1 });
    expect(use).toMatchObject({ faults: [{ field: "used.constructor" }] });
  });
});

describe("debtOf", () => {
  test.each([
    [{ rate: 5, tpm: 5 }, undefined],
    [{ rate: 0, tpm: 0 }, undefined],
    [{ rate: 7, tpm: 5 }, { rate: 2 }],
    [
      { rate: 7, tpm: 6 },
      { rate: 2, tpm: 1 },
    ],
  ])("of five each, all of which %j were used, is %j", (used, debt) => {
    expect(debtOf(same, used)).toEqual(debt);
  });

  test("is what is more than was owed before", () => {
    const parts = { rate: partOf(5, 8) };
    expect(debtOf(parts, { rate: 10 })).toEqual({ rate: 2 });
    expect(debtOf(parts, { rate: 8 })).toBeUndefined();
  });
});

test("unspentOf is never below 0", () => {
  expect([partOf(5), partOf(5, 3), partOf(5, 8)].map(unspentOf)).toEqual([5, 2, 0]);
});

test("isSameUse compares limit by limit", () => {
  expect(isSameUse({ rate: 1, tpm: 2 }, { tpm: 2, rate: 1 })).toBe(true);
  expect(isSameUse({ rate: 1 }, { rate: 1, tpm: 0 })).toBe(false);
  expect(isSameUse({ rate: 1, tpm: 2 }, { rate: 1, tpm: 3 })).toBe(false);
});

test("mapParts and zerosOf have all limits", () => {
  expect(mapParts(different, ({ reserved }, name) => `${name} ${reserved}`)).toEqual({
    rate: "rate 1",
    tpm: "tpm 400",
  });
  expect(zerosOf(different)).toEqual({ rate: 0, tpm: 0 });
});
