import { describe, expect, test } from "vitest";

import type { ZonedCalendarFields } from "../../../src/core/limits/calendar.ts";
import type { ZoneOffsets } from "../../../src/core/limits/civil-grid.ts";
import type { Limit, LimitState } from "../../../src/core/limits/limit.ts";

import { calendar } from "../../../src/core/limits/calendar.ts";
import { calendarFields, calendarPeriods } from "../../../src/core/limits/calendar-fields.ts";
import { firstDayOf } from "../../../src/core/limits/civil-date.ts";
import { utcOffsets } from "../../../src/core/limits/civil-grid.ts";
import { calendarOf, zoneOf } from "../../../kit/model/calendars.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A Wednesday. */
const t0 = Date.UTC(2026, 11, 30, 10);

/** An instant as it is written in UTC, to the minute. */
function written(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 16);
}

/** The next boundaries. */
function boundaries(fields: Partial<ZonedCalendarFields>, count: number, fromMs = t0): string[] {
  const limit = calendar.start(calendarOf(fields), fromMs);
  return Array.from({ length: count }, () => {
    limit.advance(limit.nextGainAtMs);
    return written(limit.reachedAtMs);
  });
}

/** The limit as restored through JSON text, where the zone may have another table. */
function reread(limit: Limit, fields: ZonedCalendarFields): Limit {
  return calendar.restore(fields, JSON.parse(JSON.stringify(limit)));
}

describe("A calendar begins anew", () => {
  test.each<[string, Partial<ZonedCalendarFields>, string[]]>([
    ["each hour", { every: "hour" }, ["2026-12-30T11:00", "2026-12-30T12:00"]],
    [
      "at a minute of each hour",
      { every: "hour", at: "17:45" },
      ["2026-12-30T10:45", "2026-12-30T11:45"],
    ],
    ["at midnight", { every: "day" }, ["2026-12-31T00:00", "2027-01-01T00:00"]],
    ["at a time of day", { every: "day", at: "10:01" }, ["2026-12-30T10:01", "2026-12-31T10:01"]],
    ["on Mondays", { every: "week" }, ["2027-01-04T00:00", "2027-01-11T00:00"]],
    [
      "on a day of the week",
      { every: "week", on: "wednesday", at: "10:30" },
      ["2026-12-30T10:30", "2027-01-06T10:30"],
    ],
    ["on Sundays", { every: "week", on: "sunday" }, ["2027-01-03T00:00", "2027-01-10T00:00"]],
    [
      "on the first of each month",
      { every: "month" },
      ["2027-01-01T00:00", "2027-02-01T00:00", "2027-03-01T00:00"],
    ],
    [
      "on a day of the month",
      { every: "month", on: 28, at: "23:59" },
      ["2027-01-28T23:59", "2027-02-28T23:59", "2027-03-28T23:59"],
    ],
    [
      "at local times",
      { every: "month", timeZone: "Z", zone: zoneOf(5.5) },
      ["2026-12-31T18:30", "2027-01-31T18:30"],
    ],
  ])("%s", (_, fields, expected) => {
    expect(boundaries(fields, expected.length)).toEqual(expected);
  });

  test("on the 28th of a leap year's February, and on the 1st of March", () => {
    const fromMs = Date.UTC(2028, 1, 10);
    expect(boundaries({ every: "month", on: 28 }, 2, fromMs)).toEqual([
      "2028-02-28T00:00",
      "2028-03-28T00:00",
    ]);
    expect(boundaries({ every: "month" }, 1, fromMs)).toEqual(["2028-03-01T00:00"]);
  });
});

test("A day of the month is one that each month has", () => {
  const { min, max } = calendarFields.on.when.month;
  for (const on of [min, max]) {
    const instants = boundaries({ every: "month", on }, 48);
    expect(instants.map((text) => Number(text.slice(8, 10)))).toEqual(Array(48).fill(on));
    expect(new Set(instants.map((text) => text.slice(0, 7))).size).toBe(48);
  }
});

describe("A calendar", () => {
  test("gives what it holds, and nothing before the next boundary", () => {
    const limit = calendar.start(calendarOf(), t0);
    limit.take(5);
    const midnightMs = t0 + 14 * HOUR_MS;
    expect(limit.msUntil(1, t0)).toBe(14 * HOUR_MS);
    limit.advance(midnightMs - 1);
    expect(limit.tokens).toBe(0);
    limit.advance(midnightMs);
    expect([limit.tokens, limit.reachedAtMs, limit.nextGainAtMs]).toEqual([
      5,
      midnightMs,
      midnightMs + DAY_MS,
    ]);
    limit.take(2);
    limit.advance(midnightMs + 10 * DAY_MS);
    expect(limit.tokens).toBe(5);
  });

  test("starts with initialTokens, full or not", () => {
    expect(calendar.start(calendarOf({ initialTokens: 2 }), t0).tokens).toBe(2);
  });

  test("makes good what is below zero, one boundary after the other", () => {
    const limit = calendar.start(calendarOf(), t0);
    limit.take(5 + 7);
    expect([1, 3, 4, 5].map((tokens) => limit.msUntil(tokens, t0) / HOUR_MS)).toEqual([
      38, 38, 62, 62,
    ]);
    limit.advance(t0 + DAY_MS);
    expect(limit.tokens).toBe(-2);
    limit.advance(t0 + 2 * DAY_MS);
    expect(limit.tokens).toBe(3);
  });

  test("makes good what is below zero once at an instant, of however many days", () => {
    const changeAtMs = t0 + 20 * HOUR_MS;
    const zone = zoneOf(-6, [changeAtMs, 18]);
    const limit = calendar.start(calendarOf({ timeZone: "Z", zone }), t0);
    limit.take(5 + 7);
    expect(limit.msUntil(1, t0)).toBe(changeAtMs + DAY_MS - t0);
    expect(limit.nextGainAtMs).toBe(changeAtMs);
    limit.advance(changeAtMs);
    expect(limit.tokens).toBe(-2);
    limit.advance(changeAtMs + DAY_MS);
    expect(limit.tokens).toBe(3);
  });

  test("fills up beside what is out", () => {
    const limit = calendar.start(calendarOf(), t0);
    limit.lend(3, t0 + 2 * DAY_MS);
    limit.advance(t0 + DAY_MS);
    expect(limit.tokens).toBe(2);
    expect(limit.msUntil(3, t0 + DAY_MS)).toBe(DAY_MS + 14 * HOUR_MS);
    limit.advance(t0 + 3 * DAY_MS);
    expect(limit.tokens).toBe(5);
  });

  test("asks for offsets once a period, and not each time it is looked at", () => {
    let asked = 0;
    const zone: ZoneOffsets = {
      offsetAt() {
        asked += 1;
        return 0;
      },
      swingMs: 0,
    };
    const limit = calendar.start(calendarOf({ timeZone: "Z", zone }), t0);
    limit.take(5);
    for (let ms = 0; ms < DAY_MS; ms += 60_000) {
      limit.advance(t0 + ms);
      limit.msUntil(5, t0 + ms);
      limit.copy().advance(t0 + ms);
    }
    expect(asked).toBeLessThanOrEqual(20);
  });
});

describe("calendar.restore", () => {
  const fields = calendarOf({ timeZone: "Z", zone: zoneOf(1) });
  const midnightMs = t0 + 13 * HOUR_MS;

  test.each<[string, number, number]>([
    ["later", 0, 14 + 24],
    ["earlier", 3, 11 + 24],
    ["a day later", -23, 37 + 24],
  ])("brings no boundary twice if the zone's table has it %s by then", (_, hours, nextHours) => {
    const limit = calendar.start(fields, t0);
    limit.advance(midnightMs);
    limit.take(5);
    const zone = zoneOf(hours);
    const restored = reread(limit, { ...fields, zone });
    expect([restored.tokens, restored.reachedAtMs]).toEqual([0, midnightMs]);
    expect(restored.nextGainAtMs).toBe(t0 + nextHours * HOUR_MS);
    restored.advance(t0 + nextHours * HOUR_MS - 1);
    expect(restored.tokens).toBe(0);
    restored.advance(t0 + nextHours * HOUR_MS);
    expect(restored.tokens).toBe(5);
  });

  test("counts what the new table says is over as over", () => {
    const limit = calendar.start(fields, t0);
    limit.advance(midnightMs);
    limit.take(5);
    // A day ahead: by its clocks, the next midnight has been.
    const restored = reread(limit, { ...fields, zone: zoneOf(25.5) });
    restored.advance(midnightMs);
    expect([restored.tokens, restored.nextGainAtMs]).toEqual([0, midnightMs + 23.5 * HOUR_MS]);
  });

  test("keeps a pause and what is out", () => {
    const limit = calendar.start(fields, t0);
    limit.lend(2, t0 + 9 * DAY_MS);
    limit.pause(t0 + DAY_MS, 1, t0);
    const restored = reread(limit, fields);
    expect(restored.toJSON()).toEqual({
      kind: "calendar",
      startedAtMs: t0,
      reachedAtMs: t0,
      tick: t0 / DAY_MS - 10 / 24,
      tokens: 1,
      leased: [{ untilMs: t0 + 9 * DAY_MS, tokens: 2 }],
      pausedUntilMs: t0 + DAY_MS,
      pausedTokens: 2,
    });
    restored.advance(midnightMs);
    expect([restored.tokens, restored.nextGainAtMs]).toEqual([1, t0 + DAY_MS]);
  });

  test("is done soon with a tick that is far ahead", () => {
    const state = JSON.parse(JSON.stringify(calendar.start(fields, t0)));
    const limit = calendar.restore(fields, { ...state, tick: 1_000_000_000_000 });
    limit.advance(t0 + DAY_MS);
    expect([limit.reachedAtMs, limit.msUntil(6, t0) > 1e15]).toEqual([t0, true]);
  });

  const good = { kind: "calendar", startedAtMs: t0, tick: 20_817, tokens: 3, reachedAtMs: t0 };

  test.each<[string, object]>([
    ["another kind", { kind: "bucket" }],
    ["no instant of its last tick", { reachedAtMs: undefined }],
    ["an instant that is none", { reachedAtMs: "2026-12-30" }],
    ["an instant before its start", { reachedAtMs: t0 - 1 }],
    ["a tick that is none", { tick: 0.5 }],
    ["more tokens than it holds", { tokens: 6 }],
    ["more tokens than there is room for", { leased: [{ untilMs: t0, tokens: 3 }] }],
  ])("refuses %s", (_, changes) => {
    const state: LimitState = { ...good, ...changes };
    expect(() => calendar.restore(fields, state)).toThrow("Cannot restore a calendar from {");
    expect(calendar.restore(fields, good).tokens).toBe(3);
  });
});

describe("A calendar that becomes another one", () => {
  test.each<[string, Partial<ZonedCalendarFields>, number]>([
    ["in another zone", { timeZone: "Z", zone: zoneOf(9) }, 5],
    ["at another time", { at: "10:00" }, 24],
    ["of other periods", { every: "hour" }, 1],
    ["with another capacity", { capacity: 9 }, 14],
  ])("%s brings nothing before its next boundary", (_, changes, hours) => {
    const limit = calendar.start(calendarOf(), t0 - DAY_MS);
    limit.advance(t0);
    limit.take(5);
    const fields = calendarOf(changes);
    limit.reconfigure(fields, t0);
    const nextAtMs = t0 + hours * HOUR_MS;
    for (const one of [limit, reread(limit, fields)]) {
      expect([one.tokens, one.nextGainAtMs]).toEqual([0, nextAtMs]);
      one.advance(nextAtMs - 1);
      expect(one.tokens).toBe(0);
      one.advance(nextAtMs);
      expect(one.tokens).toBe(fields.capacity);
    }
  });
});

describe("calendar.maxBatch", () => {
  test("is a 40th of the capacity, and 0 of less than 40,000", () => {
    const batches = [1, 39_999, 40_000, 1_000_000].map((capacity) =>
      calendar.maxBatch(calendarOf({ capacity })),
    );
    expect(batches).toEqual([0, 0, 1_000, 25_000]);
  });
});

describe("calendar.maxGranted", () => {
  /** The most boundaries in any window so long, both ends included. */
  function mostIn(windowMs: number, fields: ZonedCalendarFields, fromMs: number): number {
    const limit = calendar.start(fields, fromMs);
    const instants = Array.from({ length: 10_000 }, () => {
      limit.advance(limit.nextGainAtMs);
      return limit.reachedAtMs;
    });
    let most = 0;
    let first = 0;
    instants.forEach((atMs, index) => {
      while (atMs - (instants[first] ?? atMs) > windowMs) first += 1;
      most = Math.max(most, index - first + 1);
    });
    return most;
  }

  test.each(calendarPeriods)("counts the boundaries of each %s in the worst window", (every) => {
    const fields = calendarOf({ every });
    for (const days of [0, 1, 6, 7, 27, 28, 29, 30, 31, 59, 60, 365, 366]) {
      for (const windowMs of [days * DAY_MS - 1, days * DAY_MS].filter((ms) => ms >= 0)) {
        const most = mostIn(windowMs, fields, Date.UTC(2001, 0, 1));
        expect([days, calendar.maxGranted(fields, windowMs)]).toEqual([days, 5 * (most + 1)]);
      }
    }
  });

  test("knows the shortest months in a row of all four centuries", () => {
    const fields = calendarOf({ every: "month" });
    for (const months of [1, 2, 3, 11, 12, 48, 95, 96, 97, 1_200, 2_473]) {
      let days = Infinity;
      for (let first = 0; first < 4_800; first += 1) {
        days = Math.min(days, firstDayOf(first + months) - firstDayOf(first));
      }
      const windows = [days * DAY_MS - 1, days * DAY_MS];
      const counts = windows.map((ms) => calendar.maxGranted(fields, ms) / 5 - 1);
      expect(counts).toEqual([months, months + 1]);
    }
  });

  test("counts boundaries that clocks being set forward bring together", () => {
    const zone = zoneOf(1, [t0 + 4 * DAY_MS, 2], [t0 + 80 * DAY_MS, 1]);
    const fields = calendarOf({ timeZone: "Z", zone });
    expect(mostIn(47 * HOUR_MS, fields, t0)).toBe(3);
    expect(mostIn(47 * HOUR_MS, calendarOf(), t0)).toBe(2);
    expect(calendar.maxGranted(fields, 47 * HOUR_MS)).toBe(5 * (3 + 1));
    expect(calendar.maxGranted(fields, 47 * HOUR_MS - 1)).toBe(5 * (2 + 1));
  });
});

describe("A time of day", () => {
  const { pattern } = calendarFields.at;

  test("takes the minutes of a day", () => {
    const texts = ["00:00", "09:05", "19:59", "23:59"];
    const faults = ["24:00", "9:05", "12:60", "12:5", "12:00:00", "", " 12:00", "1२:00"];
    expect(texts.filter((text) => !pattern.test(text))).toEqual([]);
    expect(faults.filter((text) => pattern.test(text))).toEqual([]);
  });
});

test("utcOffsets is no offset, ever", () => {
  expect([utcOffsets.offsetAt(t0), utcOffsets.swingMs]).toEqual([0, 0]);
});
