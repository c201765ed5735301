import { describe, expect, test } from "vitest";

import { integerFault, isIntegerWithin, showValue, throwFaults } from "../../src/core/values.ts";

describe("showValue", () => {
  test.each([
    [1e21, "1e+21"],
    [-0.5, "-0.5"],
    [undefined, "undefined"],
    [Symbol("x"), "symbol"],
    [() => 1, "function"],
    [{ a: [1, "b"] }, '{"a":[1,"b"]}'],
    ["x".repeat(38), `"${"x".repeat(38)}"`],
    ["x".repeat(39), `"${"x".repeat(39)}…`],
    ["😀".repeat(20), `"${"😀".repeat(19)}…`],
    [`x${"😀".repeat(20)}`, `"x${"😀".repeat(19)}…`],
  ])("shows %o as %s", (value, shown) => {
    expect(showValue(value)).toBe(shown);
  });

  test("shows the type of what has no JSON form", () => {
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    expect(showValue(10n)).toBe("bigint");
    expect(showValue(circular)).toBe("object");
  });
});

describe("throwFaults", () => {
  test("throws all faults as one error, and none if there is none", () => {
    const faults = ["a", "b"].map((field) => ({ field, message: `${field} is missing` }));
    expect(() => throwFaults(faults)).toThrow(new RangeError("a is missing; b is missing"));
    expect(() => throwFaults([])).not.toThrow();
  });
});

describe("isIntegerWithin", () => {
  test.each([3, 4, 5])("accepts %d of 3 to 5", (value) => {
    expect(isIntegerWithin(value, { min: 3, max: 5 })).toBe(true);
  });

  test.each([2, 6, 4.5, Number.NaN, "4", 4n, null, undefined, [4], { valueOf: () => 4 }])(
    "does not accept %s",
    (value) => {
      expect(isIntegerWithin(value, { min: 3, max: 5 })).toBe(false);
    },
  );
});

describe("integerFault", () => {
  test("names the field, the limits and the value", () => {
    expect(integerFault("n", "4", { min: 3, max: 5 })).toEqual({
      field: "n",
      message: 'n must be an integer from 3 to 5: got "4"',
    });
  });
});
