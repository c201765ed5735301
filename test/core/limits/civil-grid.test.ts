import { describe, expect, test } from "vitest";

import type { ZoneOffsets } from "../../../src/core/limits/civil-grid.ts";

import { CivilGrid, utcOffsets } from "../../../src/core/limits/civil-grid.ts";
import { RegularGrid } from "../../../src/core/limits/regular-grid.ts";
import { zoneOf } from "../../../kit/model/calendars.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const day0 = Date.UTC(2026, 5, 1);
const tick0 = day0 / DAY_MS;

/** Local days that begin at `hours` after midnight, from two days before day 0. */
function daysFrom(hours: number, zone: ZoneOffsets): CivilGrid {
  return new CivilGrid(new RegularGrid(hours * HOUR_MS, DAY_MS), zone, day0 - 2 * DAY_MS);
}

/** When the days around day 0 begin, in hours from there. */
function beginnings(grid: CivilGrid): number[] {
  return [-1, 0, 1, 2].map((days) => (grid.timeOf(tick0 + days) - day0) / HOUR_MS);
}

/** Clocks change at 01:00 UTC of day 0, from and to so many hours ahead of it. */
function changing(before: number, after: number): ZoneOffsets {
  return zoneOf(before, [day0 + HOUR_MS, after]);
}

describe("CivilGrid.timeOf", () => {
  test("is local midnight on both sides of a change", () => {
    expect(beginnings(daysFrom(0, utcOffsets))).toEqual([-24, 0, 24, 48]);
    expect(beginnings(daysFrom(0, changing(1, 2)))).toEqual([-25, -1, 22, 46]);
    expect(beginnings(daysFrom(0, changing(-4, -5)))).toEqual([-20, 5, 29, 53]);
  });

  test("is the first instant after the gap for a time that doesn't exist", () => {
    // From 02:00 to 03:00 local time.
    expect(beginnings(daysFrom(2.5, changing(1, 2)))).toEqual([-22.5, 1, 24.5, 48.5]);
    expect(beginnings(daysFrom(2, changing(1, 2)))).toEqual([-23, 1, 24, 48]);
    expect(beginnings(daysFrom(3, changing(1, 2)))).toEqual([-22, 1, 25, 49]);
    expect(beginnings(daysFrom(1.5, changing(1, 2)))).toEqual([-23.5, 0.5, 23.5, 47.5]);
  });

  test("is the first of both for a time that exists twice", () => {
    // From 03:00 back to 02:00 local time.
    expect(beginnings(daysFrom(2, changing(2, 1)))).toEqual([-24, 0, 25, 49]);
    expect(beginnings(daysFrom(2.5, changing(2, 1)))).toEqual([-23.5, 0.5, 25.5, 49.5]);
    expect(beginnings(daysFrom(3, changing(2, 1)))).toEqual([-23, 2, 26, 50]);
  });

  test("is one instant for a day that is left out and the next one", () => {
    const grid = daysFrom(0, zoneOf(-11, [day0 + 11 * HOUR_MS, 13]));
    expect(beginnings(grid)).toEqual([-13, 11, 11, 35]);
    expect(grid.tickAt(day0 + 11 * HOUR_MS - 1)).toBe(tick0 - 1);
    expect(grid.tickAt(day0 + 11 * HOUR_MS)).toBe(tick0 + 1);
    expect(grid.tickBefore(day0 + 11 * HOUR_MS)).toBe(tick0 - 1);
  });
});

describe("CivilGrid.tickAt", () => {
  test("doesn't go back when clocks are set back over midnight", () => {
    // At 01:00 UTC it is 00:30 for the second time, after 23:30.
    const zone = changing(0.5, -0.5);
    const grid = daysFrom(0, zone);
    expect(grid.timeOf(tick0)).toBe(day0 - HOUR_MS / 2);
    const instants = [-31, -30, 59, 60, 89, 90].map((minutes) => day0 + minutes * MINUTE_MS);
    const expected = [-1, 0, 0, 0, 0, 0].map((days) => tick0 + days);
    expect(instants.map((atMs) => daysFrom(0, zone).tickAt(atMs))).toEqual(expected);
    expect(instants.map((atMs) => grid.tickAt(atMs))).toEqual(expected);
  });

  test("is the last tick whose instant has come, for every minute around a change", () => {
    for (const zone of [changing(1, 2), changing(2, 1), changing(-11, 13), changing(13, -11)]) {
      const hours = new CivilGrid(new RegularGrid(0, HOUR_MS), zone, day0 - 2 * DAY_MS);
      for (let atMs = day0 - DAY_MS; atMs < day0 + DAY_MS; atMs += MINUTE_MS) {
        const tick = hours.tickAt(atMs);
        const [thisMs, nextMs] = [hours.timeOf(tick), hours.timeOf(tick + 1)];
        expect(thisMs <= atMs && atMs < nextMs).toBe(true);
      }
    }
  });
});

describe("A CivilGrid", () => {
  test("starts with the period that it falls into, which begins there", () => {
    const grid = new CivilGrid(new RegularGrid(0, DAY_MS), utcOffsets, day0 + 5);
    expect(grid.tickAt(day0 + 5)).toBe(tick0);
    expect([-9, 0, 1].map((days) => grid.timeOf(tick0 + days))).toEqual([
      day0 + 5,
      day0 + 5,
      day0 + DAY_MS,
    ]);
  });

  test("keeps what is over, whatever the zone says by now", () => {
    const periods = new RegularGrid(0, DAY_MS);
    // Midnight was at 00:00 UTC; now it is at 05:00, or was it the day before at 19:00.
    const later = new CivilGrid(periods, zoneOf(-5), day0, tick0);
    expect(later.tickAt(day0 + 5 * HOUR_MS)).toBe(tick0);
    expect([later.timeOf(tick0), later.timeOf(tick0 + 1)]).toEqual([day0, day0 + 29 * HOUR_MS]);
    const earlier = new CivilGrid(periods, zoneOf(5), day0, tick0);
    expect([earlier.timeOf(tick0), earlier.timeOf(tick0 + 1)]).toEqual([day0, day0 + 19 * HOUR_MS]);
  });

  test("counts ticks that fall on one instant once", () => {
    const grid = daysFrom(0, zoneOf(-11, [day0 + 11 * HOUR_MS, 13]));
    expect([0, 1, 2, 3].map((times) => grid.after(tick0 - 1, times) - tick0)).toEqual([
      -1, 1, 2, 3,
    ]);
    expect(grid.tokensBetween(tick0 - 1, tick0 + 1, 5, Infinity)).toBe(5);
    expect(grid.tokensBetween(tick0 - 2, tick0 + 2, 5, Infinity)).toBe(15);
  });

  test("stops counting when it has enough", () => {
    const grid = daysFrom(0, utcOffsets);
    expect(grid.tokensBetween(tick0, tick0 + 1_000_000_000, 5, 6)).toBe(10);
  });

  test("is done soon with a billion hours, and off by what is left out until then", () => {
    const hours = new CivilGrid(new RegularGrid(0, HOUR_MS), changing(1, 2), day0);
    const tick = hours.tickAt(day0);
    // The hour that is left out is among the first ones.
    expect(hours.after(tick, 1_000_000_000)).toBe(tick + 1_000_000_001);
    const last = tick + 1_000_000_001;
    expect(hours.tokensBetween(tick, last, 1, Infinity)).toBe(1_000_000_000);
  });
});
