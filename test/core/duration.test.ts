import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { DURATION, DURATION_UNITS, durationMs, showDuration } from "../../src/core/duration.ts";
import { runs } from "../../kit/runs.ts";

const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

describe("durationMs", () => {
  test.each([
    ["250ms", 250],
    ["1s", 1_000],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["0s", 0],
    ["007s", 7_000],
    ["1.5s", 1_500],
    ["1.005s", 1_005],
    ["1.10ms", 1.5],
    ["1.00ms", 1],
    ["0.0005s", 0.5],
    ["0.00000000000000001s", 0.5],
    ["8.3d", 717_120_000],
  ])("%s is %d ms, with a half for less than a whole one", (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  test.each(["", "30", "s", " 1s", "1 s", "1s ", "-1s", "+1s", "1S", "1w", "1 min", "1e3ms"])(
    "does not read %j",
    (text) => {
      expect(durationMs(text)).toBeUndefined();
    },
  );

  test.each([".5s", "1.s", "1,5s", "1_000ms", "0x10s", "1h30m", "Infinityms", "1\n2s", "1s\n"])(
    "does not read %j",
    (text) => {
      expect(durationMs(text)).toBeUndefined();
    },
  );

  test("reads no more than 20 digits, so that no text takes long", () => {
    expect(durationMs(`${"9".repeat(20)}d`)).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
    expect(durationMs(`${"9".repeat(21)}d`)).toBeUndefined();
    expect(durationMs(`1.${"0".repeat(21)}d`)).toBeUndefined();
  });

  test("reads a number with three decimals of a second to the millisecond", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000_000), (ms) => {
        expect(durationMs(`${(ms / 1_000).toFixed(3)}s`)).toBe(ms);
      }),
      { numRuns: runs(5_000) },
    );
  });
});

describe("showDuration", () => {
  test.each([
    [0, "0ms"],
    [999, "999ms"],
    [1_000, "1s"],
    [90_000, "90s"],
    [60_000, "1m"],
    [3_600_000, "1h"],
    [86_400_000, "1d"],
    [90_000_000, "25h"],
  ])("shows %d ms as %s", (ms, text) => {
    expect(showDuration(ms)).toBe(text);
  });

  test("shows what durationMs reads, without a longer unit that would do", () => {
    const anyMs = fc.oneof(
      fc.maxSafeNat(),
      fc
        .tuple(fc.nat(1_000), fc.constantFrom(...Object.values(unitsMs)))
        .map(([count, unitMs]) => count * unitMs),
    );
    fc.assert(
      fc.property(anyMs, (ms) => {
        const text = showDuration(ms);
        expect(durationMs(text)).toBe(ms);
        const shorter = Object.values(unitsMs).filter((unitMs) => ms > 0 && ms % unitMs === 0);
        if (ms > 0) expect(Number.parseInt(text, 10)).toBe(ms / Math.max(...shorter));
      }),
      { numRuns: runs(5_000) },
    );
  });
});

test("DURATION matches what durationMs reads", () => {
  for (const text of ["1s", "1.5s", "0.5ms", "30", "", "1w", " 1s", `${"9".repeat(21)}d`]) {
    expect(DURATION.test(text)).toBe(durationMs(text) !== undefined);
  }
});

test("DURATION_UNITS lists the units, the shortest first", () => {
  expect(DURATION_UNITS).toBe(Object.keys(unitsMs).join(", "));
});
