import { expect, test } from "vitest";

import { comparedTable, targetTable, type ComparedSample } from "../../bench/core/against.ts";

const samples: ComparedSample[] = [
  { measure: "acquire", waiters: 0, ours: [110, 100, 500], theirs: [100, 90, 400] },
  { measure: "enqueue", waiters: 100, ours: [400], theirs: [200] },
  { measure: "enqueue", waiters: 1_000, ours: [100], theirs: [200] },
  { measure: "drain", waiters: 100, ours: [130], theirs: [100] },
  { measure: "cancel", waiters: 100, ours: [50], theirs: [100] },
];

test("comparedTable has the medians, their ratio and that of the fastest processes", () => {
  const rows = comparedTable(samples).split("\n");
  expect(rows[2]).toBe("| acquire | 0 | 110 ns | 100 ns | 1.10 × | 1.11 × |");
  expect(rows[4]).toBe("| enqueue | 1,000 | 100 ns | 200 ns | 0.50 × | 0.50 × |");
});

test("targetTable has one ratio for all numbers of waiters, and what is missed", () => {
  expect(targetTable(samples).split("\n").slice(2)).toEqual([
    "| acquire | 1.10 × | at most 1.1 × | met |",
    "| enqueue | 1.00 × | at most 1.05 × | met |",
    "| drain | 1.30 × | at most 1.05 × | **missed by 24 %** |",
    "| cancel | 0.50 × | at most 1.05 × | met |",
  ]);
});
