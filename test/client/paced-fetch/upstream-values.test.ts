import { describe, expect, it } from "vitest";

import {
  parseCount,
  parseDate,
  parseReset,
  parseRetryAfter,
  splitValues,
} from "../../../src/client/paced-fetch/upstream-values.ts";

/** Tuesday, 24 November 2026, 12:00:00 GMT. */
const NOW_MS = Date.UTC(2026, 10, 24, 12);

describe("splitValues", () => {
  it.each([
    ["5", ["5"]],
    ["5, 60", ["5", "60"]],
    ["Tue, 24 Nov 2026 12:00:00 GMT", ["Tue, 24 Nov 2026 12:00:00 GMT"]],
    ["Tuesday, 24-Nov-26 12:00:00 GMT, 7", ["Tuesday, 24-Nov-26 12:00:00 GMT", "7"]],
    ["Nov 24, 2026 12:00:00, 7", ["Nov 24, 2026 12:00:00", "7"]],
  ])("of %s", (text, values) => {
    expect(splitValues(text)).toEqual(values);
  });
});

describe("parseCount", () => {
  it.each([
    ["0", 0],
    ["598.0", 598],
    ["76;w=21600", 76],
    [" 5 ", 5],
    ["9".repeat(30), Number.MAX_SAFE_INTEGER],
    ["-1", undefined],
    ["unlimited", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("of %s is %s", (text, count) => {
    expect(parseCount(text)).toBe(count);
  });
});

describe("parseReset", () => {
  it.each([
    ["30", 30_000],
    ["0.3001", 301],
    ["999999999", 999_999_999_000],
    [String(NOW_MS / 1_000 + 30), 30_000],
    [String(NOW_MS / 1_000 - 30), -30_000],
    [String(NOW_MS + 30), 30],
    ["6m0s", 360_000],
    ["1.5s", 1_500],
    ["20ms", 20],
    ["1d2h", 93_600_000],
    ["Tue, 24 Nov 2026 12:00:30 GMT", 30_000],
    ["2026-11-24T12:00:30Z", 30_000],
    ["1000000000000000", undefined],
    ["5 minutes", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("of %s is %s ms from now", (text, durationMs) => {
    expect(parseReset(text, NOW_MS)).toBe(durationMs);
  });
});

describe("parseRetryAfter", () => {
  it.each([
    ["30", 30_000],
    ["1000000000000000", Number.MAX_SAFE_INTEGER],
    ["9".repeat(400), Number.MAX_SAFE_INTEGER],
    ["soon", undefined],
  ])("of %s is %s ms", (text, durationMs) => {
    expect(parseRetryAfter(text, NOW_MS)).toBe(durationMs);
  });
});

describe("parseDate", () => {
  it.each([
    ["Tue, 24 Nov 2026 12:00:00 GMT", NOW_MS],
    ["Tuesday, 24-Nov-26 12:00:00 GMT", NOW_MS],
    ["Tue Nov 24 12:00:00 2026", NOW_MS],
    ["Tue, 24 Nov 2026 13:00:00 +0100", NOW_MS],
    ["2026-11-24 12:00", NOW_MS],
    ["2026-11-24T13:00:00.000+0100", NOW_MS],
    ["2026-11-24T12:00:00 UTC", NOW_MS],
    ["24", undefined],
    ["version 2026", undefined],
    ["", undefined],
  ])("of %s is %s", (text, atMs) => {
    expect(parseDate(text)).toBe(atMs);
  });
});
