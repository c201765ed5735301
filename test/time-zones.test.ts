import { describe, expect, test, vi } from "vitest";

import type { CalendarFields } from "../src/core/limits/calendar-fields.ts";

import { calendarOf } from "../kit/model/calendars.ts";
import { walkedBoundaries, ZoneClock } from "../kit/model/walked-zone.ts";
import { calendar } from "../src/core/limits/calendar.ts";
import { timeZones, zoneOffsets } from "../src/time-zones.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const changing = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"];
const [fromMs, toMs] = [Date.UTC(2000, 0), Date.UTC(2040, 11, 31)];

type Rule = Pick<CalendarFields, "every" | "at" | "on">;

/** Before, in and after the gaps and folds of all these zones. */
const times = ["00:00", "01:00", "01:45", "02:00", "02:15", "02:30", "03:00", "03:30", "12:00"];
const rules: readonly Rule[] = [
  ...times.map((at): Rule => ({ every: "day", at })),
  { every: "hour", at: "00:00" },
  { every: "hour", at: "00:15" },
  { every: "week", at: "02:15", on: "sunday" },
  { every: "week", at: "00:00" },
  { every: "month", at: "02:30", on: 28 },
  { every: "month", at: "00:00" },
];

/** The boundaries of a calendar after `startMs` and up to `endMs`, as it finds them. */
function boundaries(timeZone: string, rule: Rule, startMs: number, endMs: number): number[] {
  const fields = calendarOf({ ...rule, timeZone, zone: zoneOffsets(timeZone) });
  const limit = calendar.start(fields, startMs);
  const instants: number[] = [];
  while (limit.nextGainAtMs <= endMs) {
    instants.push(limit.nextGainAtMs);
    limit.take(limit.tokens);
    limit.advance(limit.nextGainAtMs);
    expect([limit.tokens, limit.reachedAtMs]).toEqual([fields.capacity, instants.at(-1)]);
  }
  return instants;
}

describe.each(changing)("A calendar in %s", (timeZone) => {
  const clock = new ZoneClock(timeZone);
  const changes = clock.changes(fromMs, toMs);

  test("agrees with a clock that is looked at in every minute, around each change", () => {
    expect(changes.length).toBeGreaterThan(40);
    for (const changeAtMs of changes) {
      const [startMs, endMs] = [changeAtMs - 4 * HOUR_MS, changeAtMs + 5 * HOUR_MS];
      const walked = walkedBoundaries(clock, rules, startMs, endMs);
      const found = rules.map((rule) => boundaries(timeZone, rule, startMs, endMs));
      expect(found).toEqual(walked);
    }
  });

  test("has one boundary for each day from 2000 to 2040, whenever it is asked for", () => {
    for (const at of ["00:00", "02:15"]) {
      const instants = boundaries(timeZone, { every: "day", at }, fromMs, toMs);
      // UTC and the zone are within one day of each other at both ends.
      expect(Math.abs(instants.length - (toMs - fromMs) / DAY_MS)).toBeLessThanOrEqual(1);
      const dates = instants.map((atMs) => Math.floor(clock.read(atMs) / DAY_MS));
      expect(dates).toEqual(dates.map((_, index) => (dates[0] ?? NaN) + index));
    }
  });
});

describe("A calendar in Pacific/Apia", () => {
  const clock = new ZoneClock("Pacific/Apia");
  const skippedAtMs = Date.UTC(2011, 11, 30, 10);

  test("agrees with its clock around the day that was left out", () => {
    const [startMs, endMs] = [skippedAtMs - 50 * HOUR_MS, skippedAtMs + 50 * HOUR_MS];
    const walked = walkedBoundaries(clock, rules, startMs, endMs);
    const found = rules.map((rule) => boundaries("Pacific/Apia", rule, startMs, endMs));
    expect(found).toEqual(walked);
    // Midnight of the 29th, of the 31st and of the 1st.
    expect(found[0]).toEqual([-48, -24, 0, 24, 48].map((hours) => skippedAtMs + hours * HOUR_MS));
    // Noon of the 30th doesn't exist.
    const noons = found[times.indexOf("12:00")]?.map((atMs) => (atMs - skippedAtMs) / HOUR_MS);
    expect(noons).toEqual([-36, -12, 0, 12, 36]);
  });
});

describe("zoneOffsets", () => {
  test.each([...changing, "Pacific/Apia", "Asia/Kolkata", "America/St_Johns", "UTC"])(
    "of %s are the platform's, to the minute of each change",
    (timeZone) => {
      const clock = new ZoneClock(timeZone);
      const zone = zoneOffsets(timeZone);
      const instants = clock
        .changes(Date.UTC(2005, 0), Date.UTC(2013, 0))
        .flatMap((atMs) => [atMs - MINUTE_MS, atMs]);
      for (let atMs = Date.UTC(2026, 0); atMs < Date.UTC(2028, 0); atMs += 7.5 * HOUR_MS) {
        instants.push(atMs);
      }
      for (const atMs of instants) {
        expect([atMs, zone.offsetAt(atMs)]).toEqual([atMs, clock.read(atMs) - atMs]);
      }
    },
  );

  test("change at the millisecond", () => {
    const zone = zoneOffsets("Europe/Berlin");
    const changeAtMs = Date.UTC(2027, 2, 28, 1);
    const offsets = [changeAtMs - 1, changeAtMs - 0.5, changeAtMs].map((atMs) =>
      zone.offsetAt(atMs),
    );
    expect(offsets).toEqual([HOUR_MS, HOUR_MS, 2 * HOUR_MS]);
  });

  test("are known beyond all dates", () => {
    const zone = zoneOffsets("Asia/Kolkata");
    expect(zone.offsetAt(Number.MAX_SAFE_INTEGER)).toBe(5.5 * HOUR_MS);
    expect(Math.abs(zone.offsetAt(-Number.MAX_SAFE_INTEGER))).toBeLessThan(6 * HOUR_MS);
  });

  test.each([
    ["UTC", 0],
    ["Asia/Tokyo", 0],
    ["Europe/Berlin", 1],
    ["Australia/Lord_Howe", 1.5],
    ["Africa/Casablanca", 1],
    ["Pacific/Apia", 25],
  ])("of %s swing by %d hours", (timeZone, hours) => {
    expect(zoneOffsets(timeZone).swingMs).toBe(hours * HOUR_MS);
  });

  test("are kept for each zone, and for the instants around the last ones", () => {
    const zone = zoneOffsets("America/Bogota");
    expect(zoneOffsets("America/Bogota")).toBe(zone);
    // A getter, which the types have as a method.
    const formatter: { readonly format: unknown } = Intl.DateTimeFormat.prototype;
    using format = vi.spyOn(formatter, "format", "get");
    for (let hour = 0; hour < 30 * 24; hour += 1) {
      const atMs = Date.UTC(2026, 3) + hour * HOUR_MS;
      expect([zone.offsetAt(atMs), zone.offsetAt(atMs - 15 * HOUR_MS)]).toEqual([
        -5 * HOUR_MS,
        -5 * HOUR_MS,
      ]);
    }
    // Two for each block of four days.
    expect(format.mock.calls.length).toBeLessThanOrEqual(20);
    expect(format).toHaveBeenCalled();
  });

  test("throw for what is no zone", () => {
    expect(() => zoneOffsets("Europe/Atlantis")).toThrow(RangeError);
    expect(() => zoneOffsets("+01:00")).toThrow('Cannot find the time zone "+01:00"');
  });
});

describe("timeZones", () => {
  test("is true of the names that the platform knows, and of no offsets", () => {
    const names = ["UTC", "Europe/Berlin", "Etc/GMT+5", "Pacific/Apia"];
    const faults = ["", "Berlin", "Europe/Atlantis", "+01:00", "-0500", "01:00", " UTC"];
    expect(names.filter((name) => timeZones.zoneOf(name) === undefined)).toEqual([]);
    expect(faults.filter((name) => timeZones.zoneOf(name) !== undefined)).toEqual([]);
  });
});
