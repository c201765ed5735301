import { expect, it } from "vitest";

import { billOf, costOf } from "../../bench/cost/months.ts";

const nothing = { requests: 0, calls: 0, alarms: 0, rowsWritten: 0, memoryS: 0, grants: 0 };
const million = 1_000_000;

it("a bill is the plan, and what is beyond what it includes", () => {
  expect(billOf(nothing)).toBe(5);
  expect(billOf({ ...nothing, requests: 10 * million, calls: million })).toBe(5);
  expect(billOf({ ...nothing, requests: 12 * million })).toBeCloseTo(5.6);
  expect(billOf({ ...nothing, calls: million, alarms: million })).toBeCloseTo(5.15);
  expect(billOf({ ...nothing, rowsWritten: 53 * million })).toBeCloseTo(8);
  // A month of one object is 331,776 GB-s.
  expect(billOf({ ...nothing, memoryS: 30 * 86_400 })).toBe(5);
  expect(billOf({ ...nothing, memoryS: 60 * 86_400 })).toBeCloseTo(5 + 263_552 * 0.0000125);
});

it("a cost has nothing included taken off", () => {
  expect(costOf({ ...nothing, requests: million, calls: million })).toBeCloseTo(0.45);
});
