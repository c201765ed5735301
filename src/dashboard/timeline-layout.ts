/**
 * Layout of the timeline: one row per caller, from its request to the end of its wait, against the
 * grid of the bucket's ticks. With several limits, or a calendar, grants are on no single grid, so lines
 * are at even times then, and the calendars' boundaries are marked. Only instants and rows; the component
 * decides how they look.
 *
 * It shows one burst: callers that came close together, and of a long queue the part being served.
 * The times of future grants are known, so the timeline has its final width from the start, and
 * only the present moves.
 */
import type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
import type { BucketView, Caller } from "./bucket-view.ts";

import { stepAtLeast, timeStepAtLeast } from "./axis.ts";
import { waitingCallers } from "./bucket-view.ts";
import { boundariesBetween, forecastGrants, type Boundary } from "../client/watch/forecast.ts";

/** Most rows: a burst of ten, with some before or after. */
const MAX_ROWS = 14;
/** Of a long queue, show at least this many waiters. */
const ROWS_AHEAD = 10;
/**
 * A new burst begins after this much quiet, in milliseconds, or after this many ticks if they are
 * slow.
 */
const QUIET_MS = 8_000;
const QUIET_TICKS = 3;
/** The timeline spans at least this many ticks, or this many milliseconds if they are slow. */
const MIN_TICKS = 3;
const MIN_SPAN_MS = 10_000;
/** Labels are at lines that are multiples of this apart, in milliseconds: `0.25 s` is read easily, `3.334 s` isn't. */
const ROUND_MS = 50;
/** Lines at even times are at least this far apart, in milliseconds. */
const MIN_LINE_MS = 1_000;

/** A caller on the timeline. */
export interface TimelineRow {
  readonly caller: Caller;
  /**
   * When it was granted, refused or cancelled, or is expected to be granted. Epoch milliseconds.
   */
  readonly endAtMs: number;
}

/** The drawing. Instants are epoch milliseconds on the object's clock. */
export interface TimelineLayout {
  readonly fromAtMs: number;
  readonly toAtMs: number;
  /** Grid lines. */
  readonly lines: readonly number[];
  /** Between two lines, in milliseconds. */
  readonly lineMs: number;
  /** Ticks between two lines; absent if lines are at even times. */
  readonly ticksPerLine?: number;
  /** Where calendar limits are full again. */
  readonly boundaries: readonly Boundary[];
  readonly rows: readonly TimelineRow[];
  /** Waiting callers beyond those in the rows. */
  readonly waitingBeyond: number;
}

/** The layout, with at most `maxLines` grid lines; `undefined` if there were no callers yet. */
export function layoutTimeline(view: BucketView, maxLines: number): TimelineLayout | undefined {
  const { snapshot } = view;
  const waiting = waitingCallers(view);
  // When a permit comes back isn't known, but it hasn't yet.
  const earliestMs = snapshot.permits ? view.atMs : -Infinity;
  const forecast = forecastGrants(snapshot, waiting).map((atMs) => Math.max(earliestMs, atMs));
  const grantAtMs = new Map(waiting.map(({ key }, index) => [key, forecast[index]]));
  const grants = view.callers.filter(({ state }) => state === "granted");
  const lastGrantedAtMs = Math.max(...grants.map(({ askedAtMs }) => askedAtMs));
  // Callers from before the page was opened are reported only when they are granted; so a waiter may seem to have
  // come before some that are granted, and is put behind them.
  const placeOf = ({ caller: { askedAtMs, state } }: TimelineRow): number => {
    return state === "waiting" ? Math.max(askedAtMs, lastGrantedAtMs) : askedAtMs;
  };
  const all = view.callers
    .map((caller): TimelineRow => {
      const endAtMs = caller.settledAtMs ?? grantAtMs.get(caller.key) ?? caller.askedAtMs;
      return { caller, endAtMs };
    })
    .toSorted((one, other) => placeOf(one) - placeOf(other));
  const { refillIntervalMs = 0 } = snapshot.policy;
  const rows = lastBurst(shownPart(all), Math.max(QUIET_MS, QUIET_TICKS * refillIntervalMs));
  if (rows.length === 0) return undefined;
  const firstAtMs = Math.min(...rows.map(({ caller }) => caller.askedAtMs));
  const lastAtMs = Math.max(...rows.map(({ endAtMs }) => endAtMs));
  const scale = scaleOf(snapshot, firstAtMs, lastAtMs, maxLines);
  const shownWaiting = rows.filter(({ caller }) => caller.state === "waiting").length;
  return {
    ...scale,
    boundaries: boundariesBetween(snapshot, scale.fromAtMs, scale.toAtMs),
    rows,
    waitingBeyond: Math.max(0, snapshot.waiters - shownWaiting),
  };
}

type Scale = Omit<TimelineLayout, "boundaries" | "rows" | "waitingBeyond">;

/** From when to when, and lines: on the ticks of the only limit if it has a grid, or at even times. */
function scaleOf(
  { policy, nextTickAtMs }: BucketSnapshot,
  firstAtMs: number,
  lastAtMs: number,
  maxLines: number,
): Scale {
  const { refillIntervalMs } = policy;
  if (refillIntervalMs === undefined || policy.limits) {
    const toAtMs = Math.max(lastAtMs, firstAtMs + MIN_SPAN_MS);
    const lineMs = Math.max(MIN_LINE_MS, timeStepAtLeast((toAtMs - firstAtMs) / maxLines));
    return { fromAtMs: firstAtMs, toAtMs, lines: linesOf(firstAtMs, toAtMs, lineMs), lineMs };
  }
  const spanMs = Math.max(
    lastAtMs - firstAtMs,
    Math.min(MIN_TICKS * refillIntervalMs, MIN_SPAN_MS),
  );
  // Begins with the tick before the first caller, unless that is long ago.
  const firstTick = Math.floor((firstAtMs - nextTickAtMs) / refillIntervalMs);
  const tickAtMs = nextTickAtMs + firstTick * refillIntervalMs;
  const fromAtMs = Math.max(tickAtMs, firstAtMs - spanMs / 2);
  // The first line stays the same tick while the next tick advances.
  const lineAtMs = tickAtMs < fromAtMs ? tickAtMs + refillIntervalMs : tickAtMs;
  const toAtMs = Math.max(lastAtMs, fromAtMs + spanMs);
  const ticks = (toAtMs - fromAtMs) / refillIntervalMs;
  const ticksPerLine = Math.max(1, stepAtLeast(ticks / maxLines));
  const lineMs = refillIntervalMs * ticksPerLine;
  return { fromAtMs, toAtMs, lines: linesOf(lineAtMs, toAtMs, lineMs), lineMs, ticksPerLine };
}

/** A label above the grid. */
export interface TimeLabel {
  readonly atMs: number;
  /** Milliseconds since the first line. */
  readonly sinceMs: number;
  /** Whether it is that of a line. */
  readonly isOfLine: boolean;
}

/**
 * The labels above the lines, at least `spaceMs` apart: of every so many lines; or of round times between them, if the
 * lines are at fractions of a second that nobody wants to read.
 */
export function labelsOf({ lines, lineMs, toAtMs }: TimelineLayout, spaceMs: number): TimeLabel[] {
  const [firstAtMs = toAtMs] = lines;
  const isRound = lineMs % ROUND_MS === 0;
  const stepMs = isRound ? lineMs * Math.ceil(spaceMs / lineMs) : timeStepAtLeast(spaceMs);
  const count = Math.floor((toAtMs - firstAtMs) / stepMs);
  return Array.from({ length: count + 1 }, (_, index) => {
    const sinceMs = index * stepMs;
    return { atMs: firstAtMs + sinceMs, sinceMs, isOfLine: isRound || index === 0 };
  });
}

/** The rows around the head of the queue, or the last rows if nobody waits. */
function shownPart(all: readonly TimelineRow[]): readonly TimelineRow[] {
  const head = all.findIndex(({ caller }) => caller.state === "waiting");
  const end = head === -1 ? all.length : Math.min(all.length, head + ROWS_AHEAD);
  return all.slice(Math.max(0, end - MAX_ROWS), end);
}

/** The rows since the last quiet period. */
function lastBurst(rows: readonly TimelineRow[], quietMs: number): readonly TimelineRow[] {
  for (let index = rows.length - 1; index > 0; index--) {
    const [before, after] = [rows[index - 1], rows[index]];
    if (before && after && after.caller.askedAtMs - before.endAtMs > quietMs) {
      return rows.slice(index);
    }
  }
  return rows;
}

/** Instants every `everyMs` from `firstAtMs` up to `toAtMs`. */
function linesOf(firstAtMs: number, toAtMs: number, everyMs: number): number[] {
  const count = Math.max(0, Math.floor((toAtMs - firstAtMs) / everyMs) + 1);
  return Array.from({ length: count }, (_, index) => firstAtMs + index * everyMs);
}
