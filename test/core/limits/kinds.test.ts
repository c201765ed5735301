import { describe, expect, test } from "vitest";

import { utcOffsets } from "../../../src/core/limits/civil-grid.ts";
import { calendar } from "../../../src/core/limits/calendar.ts";
import { calendarFields } from "../../../src/core/limits/calendar-fields.ts";
import {
  completeLimit,
  isMixed,
  limitFaults,
  limitFieldsAfter,
  limitFieldsOf,
  mixedFaults,
  specOf,
  withoutStray,
  zoneFaults,
} from "../../../src/core/limits/kinds.ts";
import { onlyUtc } from "../../../src/core/limits/time-zones.ts";
import { tokenBucket } from "../../../src/core/limits/token-bucket.ts";
import { tokenBucketFields } from "../../../src/core/limits/token-bucket-fields.ts";

const bucket = { capacity: 5, refillTokens: 1, refillIntervalMs: 100 };
const daily = { capacity: 5, every: "day" };
const completeDay = { every: "day", timeZone: "UTC", at: "00:00", initialTokens: 5 } as const;

const messagesOf = (faults: readonly { message: string }[]) => faults.map(({ message }) => message);

describe("limitFieldsOf", () => {
  test.each([
    [bucket, tokenBucketFields],
    [{}, tokenBucketFields],
    [{ every: undefined, at: "00:00" }, tokenBucketFields],
    [daily, calendarFields],
    [{ ...bucket, every: "nonsense" }, calendarFields],
  ])("of %j", (given, table) => {
    expect(limitFieldsOf(given)).toBe(table);
  });
});

describe("limitFieldsAfter", () => {
  test.each([
    [bucket, {}, tokenBucketFields],
    [bucket, { capacity: 7, initialTokens: 1 }, tokenBucketFields],
    [bucket, { every: "hour" }, calendarFields],
    [daily, { capacity: 7 }, calendarFields],
    [daily, { at: "06:00" }, calendarFields],
    [daily, { refillTokens: 1 }, tokenBucketFields],
    [daily, { refillIntervalMs: 100 }, tokenBucketFields],
    [daily, { refillTokens: undefined }, calendarFields],
    [daily, { refillTokens: 1, every: "day" }, calendarFields],
  ])("a change of %j by %j", (current, changes, table) => {
    expect(limitFieldsAfter(current, changes)).toBe(table);
  });
});

describe("Fields of two kinds", () => {
  test.each([
    [bucket, false],
    [{ ...daily, initialTokens: 1 }, false],
    [{ ...bucket, at: "06:00" }, true],
    [{ ...daily, refillTokens: 1 }, true],
  ])("%j are mixed: %s", (given, mixed) => {
    expect(isMixed(given)).toBe(mixed);
    expect(mixedFaults(given).length > 0).toBe(mixed);
  });

  test("are named, those that the limit that is meant doesn't have, and can be left out", () => {
    const given = { ...daily, refillTokens: 1, refillIntervalMs: 100 };
    expect(messagesOf(mixedFaults(given, "limits.x."))).toEqual([
      "limits.x.refillTokens does not go with limits.x.every: a calendar limit fills up at each boundary",
      "limits.x.refillIntervalMs does not go with limits.x.every: a calendar limit fills up at each boundary",
    ]);
    expect(withoutStray(given)).toEqual(daily);
    expect(messagesOf(mixedFaults({ ...bucket, at: "06:00" }))).toEqual([
      'at needs every, as in every = "day"',
    ]);
    expect(withoutStray({ ...bucket, at: "06:00", more: 1 })).toEqual({ ...bucket, more: 1 });
  });
});

describe("limitFaults", () => {
  test("is empty for a complete limit of either kind", () => {
    expect([limitFaults(bucket, ""), limitFaults(daily, "", onlyUtc)]).toEqual([[], []]);
  });

  test("has each fault once, with the prefix", () => {
    const given = {
      every: "week",
      on: 3,
      initialTokens: -1,
      timeZone: "Mars/Base",
      refillTokens: 2,
    };
    expect(
      limitFaults(given, "limits.x.", onlyUtc)
        .map(({ field }) => field)
        .toSorted(),
    ).toEqual([
      "limits.x.capacity",
      "limits.x.initialTokens",
      "limits.x.on",
      "limits.x.refillTokens",
      "limits.x.timeZone",
    ]);
    expect(messagesOf(limitFaults({ ...bucket, initialTokens: 6 }, "limits.x."))).toEqual([
      "limits.x.initialTokens must be at most the limits.x.capacity, 5: got 6",
    ]);
  });

  test("says of a change that it replaces the whole limit, where a field is missing", () => {
    const { refillTokens: _, ...rest } = bucket;
    expect(messagesOf(limitFaults(rest, "limits.x.", onlyUtc))).toEqual([
      "limits.x.refillTokens is missing",
    ]);
    expect(messagesOf(limitFaults(rest, "limits.x."))).toEqual([
      "limits.x.refillTokens is missing: limits.x is replaced as a whole, so give all of its fields",
    ]);
    const { capacity } = bucket;
    const hint = "give all of its fields, or limits.x.every for a calendar";
    expect(messagesOf(limitFaults({ capacity }, "limits.x."))).toEqual([
      `limits.x.refillTokens is missing: limits.x is replaced as a whole, so ${hint}`,
      `limits.x.refillIntervalMs is missing: limits.x is replaced as a whole, so ${hint}`,
    ]);
  });
});

describe("zoneFaults", () => {
  test.each([
    [{ ...daily, timeZone: "Mars/Base" }, 1],
    [{ ...daily, timeZone: "UTC" }, 0],
    [daily, 0],
    // That is what another check says already.
    [{ ...daily, timeZone: "Mars Base" }, 0],
    [{ ...daily, timeZone: 7 }, 0],
    [{ ...bucket, timeZone: "Mars/Base" }, 0],
  ])("of %j are %d", (given, count) => {
    expect(zoneFaults(given, onlyUtc)).toHaveLength(count);
  });
});

describe("completeLimit", () => {
  test("fills in the defaults of the kind that is meant", () => {
    expect(completeLimit(bucket)).toEqual({ ...bucket, initialTokens: 1 });
    expect(completeLimit(daily)).toEqual({ ...completeDay, capacity: 5 });
    expect(completeLimit({ capacity: 5 })).toBeUndefined();
  });
});

describe("specOf", () => {
  const fields = { ...completeDay, capacity: 5 };

  test("is of the kind that the fields say, with the zone of a calendar", () => {
    expect(specOf("x", { ...bucket, initialTokens: 1 }, onlyUtc)).toMatchObject({
      name: "x",
      kind: tokenBucket,
    });
    const spec = specOf("x", fields, onlyUtc);
    expect(spec).toEqual({ name: "x", kind: calendar, fields: { ...fields, zone: utcOffsets } });
  });

  test("refuses a zone that isn't known", () => {
    expect(() => specOf("x", { ...fields, timeZone: "Mars/Base" }, onlyUtc)).toThrow(
      new RangeError('There is no time zone "Mars/Base"'),
    );
  });
});
