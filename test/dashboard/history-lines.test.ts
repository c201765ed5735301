import { expect, it } from "vitest";

import type { HistoryPoint } from "../../src/protocol/bucket-history.ts";

import { highestOf, historyLines } from "../../src/dashboard/history-lines.ts";

const INTERVAL_MS = 10_000;

function linesOf(...points: HistoryPoint[]) {
  return historyLines({ intervalMs: INTERVAL_MS, points });
}

it("historyLines has counts a second, over the time between two points", () => {
  const lines = linesOf(
    [100_000, 50, 10, 3, 900, 4_000],
    [110_000, 100, 0, 4, 800, 5_000],
    [122_000, 60, 24, 5, 700, 6_000],
  );
  expect(lines).toEqual({
    fromAtMs: 2_000,
    toAtMs: 122_000,
    granted: [
      [100_000, 5],
      [110_000, 10],
      [122_000, 5],
    ],
    refused: [
      [100_000, 1],
      [110_000, 0],
      [122_000, 2],
    ],
    waiters: [
      [100_000, 3],
      [110_000, 4],
      [122_000, 5],
    ],
    p50: [
      [100_000, 900],
      [110_000, 800],
      [122_000, 700],
    ],
    p95: [
      [100_000, 4_000],
      [110_000, 5_000],
      [122_000, 6_000],
    ],
  });
  expect(highestOf(lines?.granted ?? [], lines?.refused ?? [])).toBe(10);
});

it("historyLines breaks its lines where points are missing", () => {
  const lines = linesOf([0, 10, 0, 0, 0, 0], [10_000, 20, 0, 0, 0, 0], [300_000, 30, 0, 0, 0, 0]);
  expect(lines?.granted).toEqual([[0, 1], [10_000, 2], undefined, [300_000, 3]]);
  expect(highestOf(lines?.granted ?? [])).toBe(3);
});

it("historyLines has no wait where nobody was granted", () => {
  const lines = linesOf([0, 1, 0, 0, 0, 0], [10_000, 0, 9, 3, 0, 0], [20_000, 2, 0, 1, 500, 900]);
  expect(lines?.p50).toEqual([[0, 0], undefined, [20_000, 500]]);
  expect(lines?.p95).toEqual([[0, 0], undefined, [20_000, 900]]);
  expect(lines?.granted).toEqual([
    [0, 0.1],
    [10_000, 0],
    [20_000, 0.2],
  ]);
});

it("historyLines is nothing where there is no line", () => {
  expect(linesOf()).toBeUndefined();
  expect(linesOf([0, 1, 1, 1, 1, 1])).toBeUndefined();
  expect(highestOf([])).toBe(0);
});
