/**
 * Where a waiter that left and comes back goes: as far forward as its arrival says, but not in front of
 * a waiter that would miss its deadline because of it.
 *
 * Callers that joined while it was gone were promised a time without it. So the returner is placed
 * behind everybody who arrived before it, and the queue is played out from there. If somebody behind it
 * would be late, it goes behind the last of those, and past everybody after them who arrived before it,
 * and the rest is played out again: the order of large and small requests decides what overflows, so
 * others may be late behind its new place. Each round moves it back, and at the end of the queue it
 * makes nobody late, so this terminates. If no tick overflows, the second round finds nobody.
 */
import type { Cost } from "../limits/cost.ts";
import type { LimitSet } from "../limits/limit-set.ts";
import type { Waiter, WaiterQueue } from "./waiter-queue.ts";

import { LookAhead } from "../limits/look-ahead.ts";
import { arrivedBefore } from "./arrival-order.ts";

/** A place that makes nobody late. */
interface GuardedPlace<Caller> {
  /** The waiter right in front; `undefined` at the head. */
  readonly predecessor: Waiter<Caller> | undefined;
  /** When it will be granted there as things stand, epoch milliseconds. */
  readonly grantAtMs: number;
}

/**
 * The place of `returner` in `queue`; changes nothing. `limits` serve the queue, as of now, and nobody in
 * it is due.
 */
export function guardedPlace<Caller>(
  queue: WaiterQueue<Caller>,
  limits: LimitSet,
  returner: Waiter<Caller>,
): GuardedPlace<Caller> {
  const waiters = [...queue];
  /** The limits after everybody in front has been served. */
  const front = new LookAhead(limits);
  let inFront = 0;
  let late = 0;
  do {
    for (const waiter of waiters.slice(inFront)) {
      if (inFront >= late && !arrivedBefore(waiter, returner)) break;
      front.serveWaiter(waiter);
      inFront += 1;
    }
    late = inFront + lateBehind(front, returner.tokens, waiters.slice(inFront));
  } while (late > inFront);
  return { predecessor: waiters[inFront - 1], grantAtMs: front.availableAt(returner.tokens) };
}

/**
 * How many of `waiters` there are up to the last one that is late if `tokens` are taken before all of
 * them.
 */
function lateBehind(front: LookAhead, tokens: Cost, waiters: readonly Waiter<unknown>[]): number {
  const ahead = new LookAhead(front);
  ahead.serve(tokens);
  let late = 0;
  for (const [index, waiter] of waiters.entries()) {
    if (ahead.serveWaiter(waiter) > waiter.deadlineAtMs) late = index + 1;
  }
  return late;
}
