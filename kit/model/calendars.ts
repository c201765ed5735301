/** Calendars for tests, and time zones that are tables: from an instant on, an offset. */
import * as fc from "fast-check";

import type { ZoneOffsets } from "../../src/core/limits/civil-grid.ts";
import type { CalendarPeriod } from "../../src/core/limits/calendar-fields.ts";
import type { ZonedCalendarFields } from "../../src/core/limits/calendar.ts";

import { calendarPeriods, weekdays } from "../../src/core/limits/calendar-fields.ts";
import { utcOffsets } from "../../src/core/limits/civil-grid.ts";
import { lapseEpochMs } from "./time-lapse.ts";

const HOUR_MS = 3_600_000;

/** From an instant on, epoch milliseconds, local time is `hours` ahead of UTC. */
export type OffsetChange = readonly [atMs: number, hours: number];

/** A zone that is `hours` ahead of UTC at first, and changes as said, in order. */
export function zoneOf(hours: number, ...changes: readonly OffsetChange[]): ZoneOffsets {
  const all = [hours, ...changes.map(([, later]) => later)];
  return {
    offsetAt(atMs) {
      const [, now] = changes.findLast(([changeAtMs]) => changeAtMs <= atMs) ?? [0, hours];
      return now * HOUR_MS;
    },
    swingMs: (Math.max(...all) - Math.min(...all)) * HOUR_MS,
  };
}

/** A calendar of five tokens that begins anew at midnight UTC, with `fields` applied. */
export function calendarOf(fields: Partial<ZonedCalendarFields> = {}): ZonedCalendarFields {
  const capacity = fields.capacity ?? 5;
  const standard = { every: "day", timeZone: "UTC", at: "00:00", zone: utcOffsets } as const;
  return { ...standard, capacity, initialTokens: capacity, ...fields };
}

/** Hours that clocks are ahead of UTC, after one change and after another: daylight saving, and leaps. */
const anyOffsets = fc.constantFrom(
  [0, 1, 0],
  [1, 0, 1],
  [-5, -4, -5],
  [10.5, 11, 10.5],
  [3, 3.25, 1],
  [-11, 13, 14],
  [13, -11, -11],
);

/** Two changes within three days of time lapse, more than 30 hours apart. */
const anyZone: fc.Arbitrary<Pick<ZonedCalendarFields, "timeZone" | "zone">> = fc
  .record({
    offsets: anyOffsets,
    firstMinute: fc.integer({ min: -600, max: 1_500 }),
    minutesBetween: fc.integer({ min: 1_900, max: 3_000 }),
  })
  .map(({ offsets: [before = 0, between = 0, after = 0], firstMinute, minutesBetween }) => {
    const firstAtMs = lapseEpochMs + firstMinute * 60_000;
    const changes: OffsetChange[] = [
      [firstAtMs, between],
      [firstAtMs + minutesBetween * 60_000, after],
    ];
    const timeZone = JSON.stringify([before, changes]);
    return { timeZone, zone: zoneOf(before, ...changes) };
  });

const anyPeriod: fc.Arbitrary<CalendarPeriod> = fc.constantFrom("hour", "hour", ...calendarPeriods);

/** Calendars of a few tokens, in time lapse. */
function anyCalendarIn(
  anyOfZones: fc.Arbitrary<Pick<ZonedCalendarFields, "timeZone" | "zone">>,
): fc.Arbitrary<ZonedCalendarFields> {
  return fc
    .record({
      zoned: anyOfZones,
      capacity: fc.integer({ min: 1, max: 12 }),
      every: anyPeriod,
      at: fc.constantFrom("00:00", "00:00", "00:30", "02:15", "23:59"),
      weekday: fc.constantFrom(...weekdays),
      monthDay: fc.constantFrom(1, 1, 2, 28),
      initialTokens: fc.nat(12),
    })
    .map(({ zoned, weekday, monthDay, ...fields }) => {
      const { every, capacity } = fields;
      const on = every === "week" ? weekday : monthDay;
      const initialTokens = Math.min(capacity, fields.initialTokens);
      const hasDay = every === "week" || every === "month";
      return Object.assign(fields, zoned, { initialTokens }, hasDay && { on });
    });
}

export const anyCalendarInUtc = anyCalendarIn(fc.constant({ timeZone: "UTC", zone: utcOffsets }));
/** With changes of the offset while it is in use. */
export const anyCalendarInZones = anyCalendarIn(anyZone);
