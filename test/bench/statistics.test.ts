import { expect, test } from "vitest";

import { median, percentile, ratio } from "../../kit/statistics.ts";

test.each([
  [[3, 1, 2], 2],
  [[10, 9], 9.5],
  [[4, 100, 1, 2], 3],
  [[7], 7],
  [[], NaN],
])("median of %j is %d", (values, expected) => {
  expect(median(values)).toBe(expected);
});

test.each([
  [0.5, 2],
  [0.75, 3],
  [0.99, 10],
  [0, 1],
])("percentile of four values at %d is %d", (share, expected) => {
  expect(percentile([10, 3, 1, 2], share)).toBe(expected);
});

test("ratio pairs values round by round", () => {
  expect(ratio([10, 40, 90], [5, 10, 30])).toBe(3);
  expect(() => ratio([1], [])).toThrow("Cannot pair 1 values with 0");
});
