import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  agoMarks,
  clockMarks,
  countAxis,
  durationAxis,
  rateAxis,
  stepAtLeast,
  timeStepAtLeast,
  type Axis,
  type AxisMark,
} from "../../src/dashboard/axis.ts";
import { runs } from "../../kit/runs.ts";

const NOW_MS = new Date(2026, 10, 29, 18, 7, 3, 456).getTime();
const numRuns = runs(500);

const factors: Record<string, number> = { K: 1e3, M: 1e6, B: 1e9 };
const units: Record<string, number> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** The number that a label says. */
function countIn(label: string): number {
  const [, digits = "", letter = ""] = /^([\d.]+)([KMB]?)$/.exec(label) ?? [];
  return Number((Number(digits) * (factors[letter] ?? 1)).toPrecision(12));
}

/** The milliseconds that a label says. */
function msIn(label: string): number {
  const parts = [...label.matchAll(/([\d.]+) (ms|s|min|hour|day)s?/g)];
  expect(parts.map(([text]) => text).join(" ")).toBe(label);
  return parts.reduce((sum, [, digits, unit = ""]) => sum + Number(digits) * (units[unit] ?? 0), 0);
}

function expectEven(marks: readonly AxisMark[], maxSteps: number): void {
  expect(marks.length).toBeGreaterThan(0);
  expect(marks.length).toBeLessThanOrEqual(Math.floor(maxSteps) + 1);
  expect(new Set(marks.map(({ label }) => label)).size).toBe(marks.length);
  const [first, second] = marks.map(({ value }) => value);
  const stepMs = (second ?? 0) - (first ?? 0);
  for (const [index, { value }] of marks.entries()) {
    expect(value).toBeCloseTo((first ?? 0) + index * stepMs, 6);
  }
}

function isRound(step: number): boolean {
  const digits = step.toPrecision(12).replaceAll(/[.]|0/g, "").replace(/e.*/, "");
  return ["1", "2", "5"].includes(digits);
}

function stepOf({ marks }: Axis): number {
  return (marks[1]?.value ?? 0) - (marks[0]?.value ?? 0);
}

describe("axes of amounts", () => {
  const steps = fc.integer({ min: 1, max: 12 });

  it("whole numbers: steps of 1, 2, 5 × 10ⁿ, and labels that say exactly what is there", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000 }), steps, (max, maxSteps) => {
        const axis = countAxis(max, maxSteps);
        expectEven(axis.marks, maxSteps + 1);
        expect(axis.max).toBeGreaterThanOrEqual(max);
        expect(isRound(stepOf(axis))).toBe(true);
        for (const { value, label } of axis.marks) {
          expect(Number.isInteger(value)).toBe(true);
          expect(countIn(label)).toBe(value);
        }
      }),
      { numRuns },
    );
  });

  it("rates: the same, also below 1", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100_000, noNaN: true }), steps, (max, maxSteps) => {
        fc.pre(max === 0 || max > 0.001);
        const axis = rateAxis(max, maxSteps);
        expectEven(axis.marks, maxSteps + 1);
        expect(axis.max).toBeGreaterThanOrEqual(max);
        expect(isRound(stepOf(axis))).toBe(true);
        for (const { value, label } of axis.marks) expect(countIn(label)).toBe(value);
      }),
      { numRuns },
    );
  });

  it("durations: labels that say exactly what is there", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000_000 }), steps, (maxMs, maxSteps) => {
        const axis = durationAxis(maxMs, maxSteps);
        expectEven(axis.marks, maxSteps + 1);
        expect(axis.max).toBeGreaterThanOrEqual(maxMs);
        for (const { value, label } of axis.marks) expect(msIn(label)).toBe(value);
      }),
      { numRuns },
    );
  });
});

describe("marks along the time", () => {
  const spans = fc.integer({ min: 10, max: 40 * 86_400_000 });
  const steps = fc.double({ min: 1, max: 20, noNaN: true });

  it("before now: exact, and the last one is now", () => {
    fc.assert(
      fc.property(spans, steps, (spanMs, maxSteps) => {
        const marks = agoMarks(NOW_MS - spanMs, NOW_MS, maxSteps, "now");
        expectEven(marks, maxSteps);
        expect(marks.at(-1)).toEqual({ value: NOW_MS, label: "now" });
        for (const { value, label } of marks.slice(0, -1)) {
          expect(value).toBeGreaterThanOrEqual(NOW_MS - spanMs);
          expect(label[0]).toBe("−");
          expect(msIn(label.slice(1))).toBe(NOW_MS - value);
        }
      }),
      { numRuns },
    );
  });

  it("by the clock: whole minutes or seconds, at the instant that the label says", () => {
    const hours = fc.integer({ min: 5_000, max: 12 * 3_600_000 });
    fc.assert(
      fc.property(hours, steps, (spanMs, maxSteps) => {
        const marks = clockMarks(NOW_MS - spanMs, NOW_MS, maxSteps);
        if (marks.length > 1) expectEven(marks, maxSteps + 1);
        for (const { value, label } of marks) {
          const [hour = 0, minute = 0, second = 0] = label.split(":").map(Number);
          expect(new Date(value).setHours(hour, minute, second, 0)).toBe(value);
          expect(value).toBeGreaterThanOrEqual(NOW_MS - spanMs);
          expect(value).toBeLessThanOrEqual(NOW_MS);
        }
      }),
      { numRuns },
    );
  });
});

describe("steps", () => {
  it.each([
    [0.03, 0.05],
    [0.1, 0.1],
    [1, 1],
    [1.1, 2],
    [3, 5],
    [5.01, 10],
    [1_001, 2_000],
  ])("stepAtLeast(%d) is %d", (amount, step) => {
    expect(stepAtLeast(amount)).toBe(step);
  });

  it.each([
    [0.2, 1],
    [3, 5],
    [400, 500],
    [700, 1_000],
    [7_000, 10_000],
    [40_000, 60_000],
    [3_500_000, 3_600_000],
    [50_000_000, 86_400_000],
    [200_000_000, 5 * 86_400_000],
  ])("timeStepAtLeast(%d) is %d", (ms, stepMs) => {
    expect(timeStepAtLeast(ms)).toBe(stepMs);
  });
});
