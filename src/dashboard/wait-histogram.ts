/** How long callers have waited for their grants: counts of a few classes of waits. */

/** Upper bounds of the classes, milliseconds, inclusive; what is longer has a class of its own. */
export const WAIT_BOUNDS_MS = [0, 100, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000] as const;

/** Counts of waits: one for each bound, and the last for all that are longer. */
export type WaitCounts = readonly number[];

/** No wait yet. */
export const NO_WAITS: WaitCounts = [...WAIT_BOUNDS_MS, Infinity].map(() => 0);

/** The counts with one wait more. */
export function countWait(counts: WaitCounts, waitedMs: number): WaitCounts {
  const found = WAIT_BOUNDS_MS.findIndex((bound) => waitedMs <= bound);
  const index = found === -1 ? WAIT_BOUNDS_MS.length : found;
  return counts.map((count, at) => (at === index ? count + 1 : count));
}
