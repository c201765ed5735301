/** The last hour of a bucket as lines of a chart. Pure. */
import type { BucketHistory, HistoryPoint } from "../protocol/bucket-history.ts";

/** A point of a line; `undefined` where it is broken. */
type Point = readonly [atMs: number, value: number] | undefined;

/** Lines over the same time. Instants are on the object's clock. */
export interface HistoryLines {
  readonly fromAtMs: number;
  readonly toAtMs: number;
  /** Acquires a second. */
  readonly granted: readonly Point[];
  readonly refused: readonly Point[];
  readonly waiters: readonly Point[];
  /** Milliseconds. */
  readonly p50: readonly Point[];
  readonly p95: readonly Point[];
}

/** Shortest time that is drawn, in milliseconds. */
const MIN_SPAN_MS = 120_000;
/** Of intervals: points that are further apart have something missing between them. */
const MAX_DISTANCE = 1.9;

/** The lines; `undefined` if nothing is known, or too little for a line. */
export function historyLines({ intervalMs, points }: BucketHistory): HistoryLines | undefined {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || points.length < 2) return undefined;
  const lineOf = (
    valueOf: (point: HistoryPoint, lengthMs: number) => number | undefined,
  ): Point[] => {
    return points.flatMap((point, index) => {
      const distanceMs = point[0] - (points[index - 1]?.[0] ?? -Infinity);
      const isApart = distanceMs > MAX_DISTANCE * intervalMs;
      // How long a window was that has no neighbour isn't said.
      const value = valueOf(point, isApart ? intervalMs : distanceMs);
      if (value === undefined) return [undefined];
      const drawn = [point[0], value] as const;
      return isApart && index > 0 ? [undefined, drawn] : [drawn];
    });
  };
  return {
    fromAtMs: Math.min(first[0], last[0] - MIN_SPAN_MS),
    toAtMs: last[0],
    granted: lineOf(([, granted], lengthMs) => (granted / lengthMs) * 1_000),
    refused: lineOf(([, , refused], lengthMs) => (refused / lengthMs) * 1_000),
    waiters: lineOf(([, , , waiters]) => waiters),
    // Where nobody was granted, nobody's wait is known.
    p50: lineOf(([, granted, , , p50]) => (granted > 0 ? p50 : undefined)),
    p95: lineOf(([, granted, , , , p95]) => (granted > 0 ? p95 : undefined)),
  };
}

/** The highest value of lines; 0 if there is none. */
export function highestOf(...lines: (readonly Point[])[]): number {
  return Math.max(0, ...lines.flat().map((point) => point?.[1] ?? 0));
}
