import { describe, expect, test } from "vitest";

import { completeFields, excessFaults, rangeFaults } from "../../../src/core/fields.ts";
import { calendarFields, calendarWords } from "../../../src/core/limits/calendar-fields.ts";

const names = Object.keys(calendarFields);

function messagesOf(fields: Readonly<Record<string, unknown>>): string[] {
  const given = { capacity: 5, every: "month", ...fields };
  const faults = [
    ...rangeFaults(calendarFields, given, names),
    ...excessFaults(calendarFields, given),
  ];
  return faults.map(({ message }) => message);
}

describe("calendarFields", () => {
  test.each([
    ["hour", {}],
    ["day", {}],
    ["week", { on: "monday" }],
    ["month", { on: 1 }],
  ])("have defaults for each %s", (every, day) => {
    const standard = { timeZone: "UTC", at: "00:00", initialTokens: 5, ...day };
    const fields = { capacity: 5, every };
    expect(completeFields(calendarFields, fields)).toEqual({ ...fields, ...standard });
  });

  test.each([
    { timeZone: "Europe/Berlin" },
    { timeZone: "America/Argentina/Buenos_Aires" },
    { timeZone: "Etc/GMT+12" },
    { at: "23:59" },
    { on: 28 },
    { every: "week", on: "sunday" },
    { initialTokens: 0 },
    { initialTokens: 5 },
  ])("accept %j", (fields) => {
    expect(messagesOf(fields)).toEqual([]);
  });

  test.each([
    [{ every: "year" }, "every must be one of hour, day, week, month", '"year"'],
    [{ timeZone: "" }, "timeZone must be an IANA time zone, such as Europe/Berlin", '""'],
    [
      { timeZone: "Europe Berlin" },
      "timeZone must be an IANA time zone, such as Europe/Berlin",
      '"Europe Berlin"',
    ],
    [{ at: "24:00" }, 'at must be a time of day, "HH:MM"', '"24:00"'],
    [{ at: "7:30" }, 'at must be a time of day, "HH:MM"', '"7:30"'],
    [{ at: "07:60" }, 'at must be a time of day, "HH:MM"', '"07:60"'],
    [{ on: 29 }, "on must be an integer from 1 to 28", "29"],
    [{ on: 0 }, "on must be an integer from 1 to 28", "0"],
    [{ initialTokens: 6 }, "initialTokens must be at most the capacity, 5", "6"],
  ])("refuse %j", (fields, rule, got) => {
    expect(messagesOf(fields)).toContain(`${rule}: got ${got}`);
  });

  test("have words for each of them", () => {
    expect(Object.keys(calendarWords)).toEqual(names);
  });
});
