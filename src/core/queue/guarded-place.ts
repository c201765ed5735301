/**
 * Where a waiter stands that has left and comes back: as far forward as its arrival says, but not before one
 * that would miss its deadline for it.
 *
 * Whoever joined while it was away was promised a time without it. So the returner is taken past all who
 * came before it, and the queue is played out with it in that place. If somebody behind it would be late, it
 * is taken behind the last of those, past whoever stands there and came before it, and the rest is played out
 * again: the order in which large and small requests come decides what flows over, so behind its new place
 * others may be late now. Each round moves it back, and at the end of the queue it makes nobody late, so this
 * ends. Where no tick flows over, the second round finds nobody.
 */
import type { TokenBucket } from "../limits/token-bucket.ts";
import type { Waiter, WaiterQueue } from "./waiter-queue.ts";

import { arrivedBefore } from "./waiter-queue.ts";

/** A place that makes nobody late. */
interface GuardedPlace<Caller> {
  /** Whom it stands right behind; `undefined` at the head. */
  readonly predecessor: Waiter<Caller> | undefined;
  /** When it will be granted there as things stand, epoch milliseconds. */
  readonly grantAtMs: number;
}

/**
 * The place of `returner` in `queue`. Changes nothing. `bucket` is the one that serves the queue, as of
 * now; nobody in it is due.
 */
export function guardedPlace<Caller>(
  queue: WaiterQueue<Caller>,
  bucket: TokenBucket,
  returner: Waiter<Caller>,
): GuardedPlace<Caller> {
  const waiters = [...queue];
  /** The bucket when those have been served who stand in front. */
  const front = bucket.copy();
  let inFront = 0;
  let late = 0;
  do {
    for (const waiter of waiters.slice(inFront)) {
      if (inFront >= late && !arrivedBefore(waiter, returner)) break;
      front.takeAtEarliestTick(waiter.tokens);
      inFront += 1;
    }
    late = inFront + lateBehind(front, returner.tokens, waiters.slice(inFront));
  } while (late > inFront);
  return { predecessor: waiters[inFront - 1], grantAtMs: front.timeOf(returner.tokens) };
}

/** How many of `waiters` there are up to the last that is late if `tokens` are taken before all of them. */
function lateBehind(
  bucket: TokenBucket,
  tokens: number,
  waiters: readonly Waiter<unknown>[],
): number {
  const forecast = bucket.copy();
  forecast.takeAtEarliestTick(tokens);
  let late = 0;
  for (const [index, waiter] of waiters.entries()) {
    const grantAtMs = forecast.timeOf(waiter.tokens);
    if (grantAtMs > waiter.deadlineAtMs) late = index + 1;
    forecast.takeAtEarliestTick(waiter.tokens);
  }
  return late;
}
