/** The table of recent callers: one row each, but for refusals in a row that are alike. Pure. */
import type { BucketView, Caller, FeedGap } from "./bucket-view.ts";

/** A row of settled callers, which are several if they were refused alike. */
export interface CallerRow {
  /** Oldest first. */
  readonly callers: readonly [Caller, ...Caller[]];
  /** Of the latest. */
  readonly settledAtMs: number;
  /** Milliseconds since the previous grant, of a grant. */
  readonly sinceLastMs?: number;
}

/** A row of the table. */
export type LogRow = CallerRow | FeedGap;

/** The last rows, latest first. */
export function latestRows(view: BucketView, maxRows: number): readonly LogRow[] {
  const { callers, settled, gaps } = view;
  const byKey = new Map(callers.map((caller) => [caller.key, caller]));
  const rows: LogRow[] = [];
  let seenGaps = 0;
  let lastGrantAtMs: number | undefined;
  for (const key of settled) {
    const caller = byKey.get(key);
    const settledAtMs = caller?.settledAtMs;
    if (!caller || settledAtMs === undefined) continue;
    for (let gap = gaps[seenGaps]; gap && gap.toAtMs <= settledAtMs; gap = gaps[seenGaps]) {
      rows.push(gap);
      seenGaps += 1;
      lastGrantAtMs = undefined;
    }
    const last = rows.at(-1);
    if (last && "callers" in last && isAlike(last.callers[0], caller)) {
      rows[rows.length - 1] = { callers: [...last.callers, caller], settledAtMs };
      continue;
    }
    const isGrant = caller.state === "granted";
    const isAfterGrant = isGrant && lastGrantAtMs !== undefined;
    rows.push({
      callers: [caller],
      settledAtMs,
      ...(isAfterGrant && { sinceLastMs: settledAtMs - (lastGrantAtMs ?? 0) }),
    });
    if (isGrant) lastGrantAtMs = settledAtMs;
  }
  return [...rows, ...gaps.slice(seenGaps)].slice(-maxRows).toReversed();
}

/** The numbers of callers, in order: `4`, `4–13`, `4, 6–8`. */
export function numbersOf(callers: readonly Caller[]): string {
  const runs: [first: number, last: number][] = [];
  for (const { number } of callers) {
    const run = runs.at(-1);
    if (run && run[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? first : `${first}–${last}`)).join(", ");
}

function isAlike(one: Caller, other: Caller): boolean {
  return (
    one.state === "refused" &&
    other.state === "refused" &&
    one.reason === other.reason &&
    one.tokens === other.tokens &&
    one.label === other.label &&
    JSON.stringify(one.limits) === JSON.stringify(other.limits)
  );
}
