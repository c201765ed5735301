/** A histogram of how long callers waited for their grants. */

/** Upper bounds of the bins, milliseconds, inclusive; longer waits have a bin of their own. */
export const WAIT_BOUNDS_MS = [0, 100, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000] as const;

/** Counts of waits: one for each bound, and the last for all longer waits. */
export type WaitCounts = readonly number[];

/** The counts before any wait. */
export const NO_WAITS: WaitCounts = [...WAIT_BOUNDS_MS, Infinity].map(() => 0);

/** The counts with one more wait. */
export function countWait(counts: WaitCounts, waitedMs: number): WaitCounts {
  const found = WAIT_BOUNDS_MS.findIndex((bound) => waitedMs <= bound);
  const index = found === -1 ? WAIT_BOUNDS_MS.length : found;
  return counts.map((count, at) => (at === index ? count + 1 : count));
}
