import { describe, expect, test } from "vitest";

import { RegularGrid } from "../../../src/core/limits/regular-grid.ts";

describe("RegularGrid", () => {
  const grid = new RegularGrid(1_000, 100);

  test("tickAt is the last tick at or before an instant, tickBefore the last one before it", () => {
    const instants = [999, 1_000, 1_001, 1_099, 1_100, 1_100.5];
    expect(instants.map((atMs) => grid.tickAt(atMs))).toEqual([-1, 0, 0, 0, 1, 1]);
    expect(instants.map((atMs) => grid.tickBefore(atMs))).toEqual([-1, -1, 0, 0, 0, 1]);
  });

  test("timeOf and msUntil are the instant of a tick, and the time until then", () => {
    expect([grid.timeOf(0), grid.timeOf(7)]).toEqual([1_000, 1_700]);
    expect([grid.msUntil(7, 1_650), grid.msUntil(7, 1_750)]).toEqual([50, -50]);
  });

  test("after and tokensBetween count each tick", () => {
    expect([grid.after(3, 0), grid.after(3, 4)]).toEqual([3, 7]);
    expect(grid.tokensBetween(3, 7, 5)).toBe(20);
  });
});
