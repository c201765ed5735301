/**
 * Axes of charts: where lines are, and what is written beside them. Lines are at multiples of 1, 2 or 5 × 10ⁿ, or
 * of what clocks and calendars have; so what is written is exact, never rounded.
 */
import { showBriefCount, showClock, showDuration } from "./format.ts";

/** A line, at a value of the axis. */
export interface AxisMark {
  readonly value: number;
  readonly label: string;
}

/** An axis of amounts, from 0 to `max`. */
export interface Axis {
  readonly max: number;
  readonly marks: readonly AxisMark[];
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Times that lines are apart, in milliseconds; shorter and longer ones are 1, 2 or 5 × 10ⁿ. */
const CLOCK_STEPS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
];

/** The smallest of …, 0.5, 1, 2, 5, 10, 20, … that is at least `amount`, which is above 0. */
export function stepAtLeast(amount: number): number {
  for (let power = Math.floor(Math.log10(amount)); ; power++) {
    const step = [1, 2, 5].map((digit) => multiple(digit, power)).find((each) => each >= amount);
    if (step !== undefined) return step;
  }
}

/** The smallest time between lines that is at least `ms`: 1, 2, 5, 10, 15 or 30 s, and so on. */
export function timeStepAtLeast(ms: number): number {
  if (ms < SECOND_MS / 2) return stepAtLeast(Math.max(1, ms));
  return CLOCK_STEPS_MS.find((stepMs) => stepMs >= ms) ?? DAY_MS * stepAtLeast(ms / DAY_MS);
}

/** For whole numbers up to `max`, with at most `maxSteps` lines above 0. */
export function countAxis(max: number, maxSteps: number): Axis {
  return axisOf(max, Math.max(1, stepAtLeast(Math.max(1, max) / maxSteps)), showBriefCount);
}

/** For numbers up to `max`, also small ones. */
export function rateAxis(max: number, maxSteps: number): Axis {
  const step = stepAtLeast(max > 0 ? max / maxSteps : 1 / maxSteps);
  return axisOf(max, step, showBriefCount);
}

/** For durations up to `maxMs`. */
export function durationAxis(maxMs: number, maxSteps: number): Axis {
  return axisOf(maxMs, timeStepAtLeast(Math.max(1, maxMs) / maxSteps), showDuration);
}

/** Instants up to `toAtMs`, by how long before it they are, oldest first; the last is called `endName`. */
export function agoMarks(
  fromAtMs: number,
  toAtMs: number,
  maxSteps: number,
  endName: string,
): readonly AxisMark[] {
  const spanMs = toAtMs - fromAtMs;
  const stepMs = timeStepAtLeast(spanMs / maxSteps);
  const count = Math.floor(spanMs / stepMs);
  return Array.from({ length: count + 1 }, (_, index) => {
    const agoMs = (count - index) * stepMs;
    return { value: toAtMs - agoMs, label: agoMs === 0 ? endName : `−${showDuration(agoMs)}` };
  });
}

/** Instants by the local clock, oldest first: whole seconds, minutes or hours of the day. */
export function clockMarks(
  fromAtMs: number,
  toAtMs: number,
  maxSteps: number,
): readonly AxisMark[] {
  const stepMs = Math.max(SECOND_MS, timeStepAtLeast((toAtMs - fromAtMs) / maxSteps));
  const midnightAtMs = new Date(fromAtMs).setHours(0, 0, 0, 0);
  const marks: AxisMark[] = [];
  const first = Math.ceil((fromAtMs - midnightAtMs) / stepMs);
  for (let index = first; midnightAtMs + index * stepMs <= toAtMs; index++) {
    const value = midnightAtMs + index * stepMs;
    marks.push({ value, label: showClock(value, stepMs < MINUTE_MS) });
  }
  return marks;
}

/** Up to the first line that is at least `max`. */
function axisOf(max: number, step: number, show: (value: number) => string): Axis {
  const count = Math.max(1, Math.ceil(max / step));
  // Of a step below 1, multiples are what a division gives: 3 × 0.1 isn't 0.3.
  const perOne = step < 1 ? Math.round(1 / step) : 0;
  const marks = Array.from({ length: count + 1 }, (_, index) => {
    const value = perOne > 0 ? index / perOne : index * step;
    return { value, label: show(value) };
  });
  return { max: marks.at(-1)?.value ?? max, marks };
}

function multiple(digit: number, power: number): number {
  return power < 0 ? digit / 10 ** -power : digit * 10 ** power;
}
