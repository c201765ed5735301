/** How many waiters a change would refuse, and has refused, in words. Pure. */
import type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
import type { DryRun } from "../protocol/queued-waiter.ts";

import { showCallers, showCount } from "./format.ts";

type Effects = Pick<DryRun, "refused" | "omitted" | "moved">;

/** To follow what was done: `; 16 waiting callers were refused`, or nothing. */
export function refusedWords(
  before: Pick<BucketSnapshot, "refused" | "waiters">,
  after: Pick<BucketSnapshot, "refused">,
): string {
  // Others may be refused at the same time, but no more waiters than there were.
  const count = Math.min(before.waiters, after.refused - before.refused);
  if (count <= 0) return "";
  return `; ${waitersWords(count)} ${count === 1 ? "was" : "were"} refused`;
}

/**
 * What a pause would do to the waiters that are listed.
 *
 * @param late How many of them it would refuse.
 * @param hasMore Whether there are more waiters behind them.
 * @param isGuess Whether `late` depends on what can't be known.
 */
export function pauseWords(
  late: number,
  listed: number,
  hasMore: boolean,
  isGuess: boolean,
): string {
  if (listed === 0) return "Nobody is waiting now.";
  const of = `${hasMore ? "the first " : ""}${waitersWords(listed)}`;
  const about = isGuess || hasMore ? "About " : "";
  if (late === 0) return `None of ${of} would be refused.`;
  return `${about}${showCount(late)} of ${of} would be refused at once: their deadlines are too early.`;
}

/** What the end of an override would do now. */
export function backWords({ refused, omitted = 0, moved }: Effects): string {
  const count = refused.length + omitted;
  const movedWords =
    moved === 0
      ? "no other grant would move"
      : `${showCallers(moved)} would be granted at another time`;
  return `${count === 0 ? "nobody" : waitersWords(count)} would be refused now, and ${movedWords}.`;
}

function waitersWords(count: number): string {
  return `${showCount(count)} waiting ${count === 1 ? "caller" : "callers"}`;
}
