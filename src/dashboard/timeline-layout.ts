/**
 * The time line: one row a caller, from when it asked to when its wait ended, against the grid of the
 * daemon's ticks. Instants and rows only; what they look like is for the component to say.
 *
 * It shows one burst: the callers that came close to each other, and of a long queue the part that is being
 * served. Where they will be granted is known, so it is as wide from the first moment as at the end, and
 * nothing moves in it but the present.
 */
import type { BucketView, Caller } from "./bucket-view.ts";

import { waitingCallers } from "./bucket-view.ts";
import { forecastGrants } from "../client/watch/forecast.ts";

/** Rows: a burst of ten, with some before or after. */
const MAX_ROWS = 14;
/** Of a long queue, so many of those who still wait are shown at least. */
const ROWS_AHEAD = 10;
/** After so much quiet a new burst begins, in milliseconds; and after so many ticks, where they are slow. */
const QUIET_MS = 8_000;
const QUIET_TICKS = 3;
/** The time line is at least as long as so many ticks, or as this, in milliseconds, where they are slow. */
const MIN_TICKS = 3;
const MIN_LENGTH_MS = 10_000;
/** How many ticks one line of the grid may stand for. */
const STEPS = [1, 2, 5];

/** A caller on the time line. */
export interface TimelineRow {
  readonly caller: Caller;
  /** When it was granted, refused or gone, or will be granted as things stand. Epoch milliseconds. */
  readonly endAtMs: number;
}

/** What is drawn. Instants are epoch milliseconds by the object's clock. */
export interface TimelineLayout {
  readonly fromAtMs: number;
  readonly toAtMs: number;
  /** Lines of the grid. */
  readonly ticks: readonly number[];
  /** Ticks from one line to the next. */
  readonly ticksPerLine: number;
  readonly rows: readonly TimelineRow[];
  /** Callers that wait and are not in the rows. */
  readonly waitingBeyond: number;
}

/** The layout, or `undefined` where nobody has come yet; at most `mostLines` lines of the grid. */
export function layoutTimeline(view: BucketView, mostLines: number): TimelineLayout | undefined {
  const waiting = waitingCallers(view);
  const forecast = forecastGrants(
    view.snapshot,
    waiting.map(({ tokens }) => tokens),
  );
  const grantAtMs = new Map(waiting.map(({ key }, index) => [key, forecast[index]]));
  const all = view.callers
    .map((caller): TimelineRow => {
      const endAtMs = caller.settledAtMs ?? grantAtMs.get(caller.key) ?? caller.askedAtMs;
      return { caller, endAtMs };
    })
    // Of those who came before the page did, nothing is heard until they are granted.
    .toSorted((one, other) => one.caller.askedAtMs - other.caller.askedAtMs);
  const { refillIntervalMs } = view.snapshot.policy;
  const rows = lastBurst(shownPart(all), Math.max(QUIET_MS, QUIET_TICKS * refillIntervalMs));
  if (rows.length === 0) return undefined;
  const firstAtMs = Math.min(...rows.map(({ caller }) => caller.askedAtMs));
  const lastAtMs = Math.max(...rows.map(({ endAtMs }) => endAtMs));
  const originAtMs = view.snapshot.nextTickAtMs;
  const spanMs = Math.max(
    lastAtMs - firstAtMs,
    Math.min(MIN_TICKS * refillIntervalMs, MIN_LENGTH_MS),
  );
  // It begins with the tick before the first caller, unless that is long ago.
  const firstTick = Math.floor((firstAtMs - originAtMs) / refillIntervalMs);
  const tickAtMs = originAtMs + firstTick * refillIntervalMs;
  const fromAtMs = Math.max(tickAtMs, firstAtMs - spanMs / 2);
  // The first line is a tick that stays the first, while the next tick moves on.
  const lineAtMs = tickAtMs < fromAtMs ? tickAtMs + refillIntervalMs : tickAtMs;
  const toAtMs = Math.max(lastAtMs, fromAtMs + spanMs);
  const ticksPerLine = stepFor((toAtMs - fromAtMs) / refillIntervalMs / mostLines);
  const shownWaiting = rows.filter(({ caller }) => caller.state === "waiting").length;
  return {
    fromAtMs,
    toAtMs,
    ticks: linesOf(lineAtMs, toAtMs, refillIntervalMs * ticksPerLine),
    ticksPerLine,
    rows,
    waitingBeyond: Math.max(0, view.snapshot.waiters - shownWaiting),
  };
}

/** The rows around the head of the queue, or the last ones where nobody waits. */
function shownPart(all: readonly TimelineRow[]): readonly TimelineRow[] {
  const head = all.findIndex(({ caller }) => caller.state === "waiting");
  const end = head === -1 ? all.length : Math.min(all.length, head + ROWS_AHEAD);
  return all.slice(Math.max(0, end - MAX_ROWS), end);
}

/** The rows from the last quiet on. */
function lastBurst(rows: readonly TimelineRow[], quietMs: number): readonly TimelineRow[] {
  for (let index = rows.length - 1; index > 0; index--) {
    const [before, after] = [rows[index - 1], rows[index]];
    if (before && after && after.caller.askedAtMs - before.endAtMs > quietMs) {
      return rows.slice(index);
    }
  }
  return rows;
}

/** The smallest of 1, 2, 5, 10, 20, … that is at least `ticks`. */
function stepFor(ticks: number): number {
  for (let power = 1; ; power *= 10) {
    const step = STEPS.find((each) => each * power >= ticks);
    if (step !== undefined) return step * power;
  }
}

/** Every so many milliseconds from `firstAtMs` on, up to `toAtMs`. */
function linesOf(firstAtMs: number, toAtMs: number, everyMs: number): number[] {
  const count = Math.max(0, Math.floor((toAtMs - firstAtMs) / everyMs) + 1);
  return Array.from({ length: count }, (_, index) => firstAtMs + index * everyMs);
}
