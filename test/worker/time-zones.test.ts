/** The table of time zones that workerd has; test/time-zones.test.ts has the rest, on Node. */
import { expect, test } from "vitest";

import { calendarOf } from "../../kit/model/calendars.ts";
import { calendar } from "../../src/core/limits/calendar.ts";
import { timeZones, zoneOffsets } from "../../src/time-zones.ts";

const HOUR_MS = 3_600_000;

test.each<[string, string, number]>([
  ["UTC", "2026-07-01T00:00Z", 0],
  ["Europe/Berlin", "2026-03-29T00:59Z", 1],
  ["Europe/Berlin", "2026-03-29T01:00Z", 2],
  ["America/New_York", "2026-11-01T05:59Z", -4],
  ["America/New_York", "2026-11-01T06:00Z", -5],
  ["Australia/Lord_Howe", "2026-04-04T14:59Z", 11],
  ["Australia/Lord_Howe", "2026-04-04T15:00Z", 10.5],
  ["Africa/Casablanca", "2024-03-10T01:59Z", 1],
  ["Africa/Casablanca", "2024-03-10T02:00Z", 0],
  ["Pacific/Apia", "2011-12-30T09:59Z", -10],
  ["Pacific/Apia", "2011-12-30T10:00Z", 14],
])("zoneOffsets on workerd: %s at %s is %d hours ahead", (timeZone, at, hours) => {
  expect(zoneOffsets(timeZone).offsetAt(Date.parse(at))).toBe(hours * HOUR_MS);
});

test("a calendar on workerd begins at local midnight, and once for the day that Apia left out", () => {
  const timeZone = "Pacific/Apia";
  const fields = calendarOf({ timeZone, zone: zoneOffsets(timeZone) });
  const limit = calendar.start(fields, Date.parse("2011-12-29T00:00Z"));
  const instants = Array.from({ length: 3 }, () => {
    limit.advance(limit.nextGainAtMs);
    return new Date(limit.reachedAtMs).toISOString();
  });
  expect(instants).toEqual([
    "2011-12-29T10:00:00.000Z",
    "2011-12-30T10:00:00.000Z",
    "2011-12-31T10:00:00.000Z",
  ]);
});

test("timeZones on workerd knows names, and takes no offset for one", () => {
  const names = ["Europe/Berlin", "Europe/Atlantis", "+01:00", ""];
  expect(names.map((name) => timeZones.zoneOf(name) !== undefined)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
