import { describe, expect, it } from "vitest";

import {
  boundaryWords,
  calendarWords,
  type CalendarLimit,
} from "../../../src/client/watch/calendar-words.ts";

const DAY: CalendarLimit = {
  capacity: 5,
  every: "day",
  timeZone: "Europe/Berlin",
  at: "00:00",
  initialTokens: 5,
};

describe("calendarWords", () => {
  it.each<[Partial<CalendarLimit>, string]>([
    [{}, "every day at 00:00 Europe/Berlin"],
    [{ every: "hour", at: "00:20" }, "every hour at :20 Europe/Berlin"],
    [{ every: "week", on: "friday", at: "09:30" }, "every Friday at 09:30 Europe/Berlin"],
    [{ every: "month", on: 15, timeZone: "UTC" }, "every month on day 15 at 00:00 UTC"],
  ])("of %j", (fields, words) => {
    expect(calendarWords({ ...DAY, ...fields })).toBe(words);
  });
});

describe("boundaryWords", () => {
  const MIDNIGHT_IN_BERLIN_MS = Date.UTC(2026, 10, 29, 23);

  it("are in the calendar's own time zone", () => {
    expect(boundaryWords(MIDNIGHT_IN_BERLIN_MS, DAY)).toBe("Mon 30 Nov, 00:00 Europe/Berlin");
  });

  it("are in UTC where this runtime lacks the zone", () => {
    const onTheMoon = { ...DAY, timeZone: "Moon/Tycho" };
    expect(boundaryWords(MIDNIGHT_IN_BERLIN_MS, onTheMoon)).toBe("Sun 29 Nov, 23:00 UTC");
  });
});
