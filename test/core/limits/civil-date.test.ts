import { describe, expect, test } from "vitest";

import { civilDateOf, firstDayOf } from "../../../src/core/limits/civil-date.ts";

const DAY_MS = 86_400_000;

/** The same by the platform's dates. */
function civilDateByDate(day: number): { month: number; day: number } {
  const date = new Date(day * DAY_MS);
  const month = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
  return { month, day: date.getUTCDate() };
}

describe("civilDateOf", () => {
  test.each([
    [0, 0, 1],
    [-1, -1, 31],
    [31, 1, 1],
    [11_016, 361, 29],
    [47_540, 1_561, 28],
    [47_541, 1_562, 1],
  ])("of day %d is in month %d, day %d", (number, month, day) => {
    expect(civilDateOf(number)).toEqual({ month, day });
  });

  test("agrees with the platform's dates on every day of more than 400 years", () => {
    for (let day = -30_000; day <= 120_000; day += 1) {
      const date = civilDateOf(day);
      const expected = civilDateByDate(day);
      if (date.month !== expected.month || date.day !== expected.day) {
        expect([day, date]).toEqual([day, expected]);
      }
    }
  });
});

describe("firstDayOf", () => {
  test("is the day 1 of each month", () => {
    for (let month = -1_000; month <= 4_000; month += 1) {
      expect(civilDateOf(firstDayOf(month))).toEqual({ month, day: 1 });
    }
  });
});
