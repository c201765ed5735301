/**
 * The rows of the list of waiters. A queue moves while somebody looks at it, and a row that moves under the
 * pointer gets the click that was meant for another one. So while the pointer is on the list, rows stay where
 * they are: who has left is marked, and who comes is put at the end.
 */
import type { QueuedWaiter, QueuedWaiters } from "../protocol/queued-waiter.ts";

/** A waiter in the list. */
export interface WaiterRow {
  readonly waiter: QueuedWaiter;
  /** Whether it doesn't wait any more. */
  readonly isGone: boolean;
}

/** Rows of waiters that are gone are kept up to this number, however long the pointer stays. */
const MAX_GONE = 100;

/**
 * The rows after the queue was read again.
 *
 * @param waiters In the order of the queue.
 * @param isHeld Whether rows must stay in their places.
 */
export function nextRows(
  rows: readonly WaiterRow[],
  waiters: readonly QueuedWaiter[],
  isHeld: boolean,
): readonly WaiterRow[] {
  if (!isHeld) return waiters.map((waiter) => ({ waiter, isGone: false }));
  const waiting = new Map(waiters.map((waiter) => [waiter.id, waiter]));
  const kept = rows.map(({ waiter }) => {
    const now = waiting.get(waiter.id);
    waiting.delete(waiter.id);
    return { waiter: now ?? waiter, isGone: now === undefined };
  });
  const gone = kept.filter(({ isGone }) => isGone);
  const dropped = new Set(gone.slice(0, Math.max(0, gone.length - MAX_GONE)));
  return [
    ...kept.filter((row) => !dropped.has(row)),
    ...[...waiting.values()].map((waiter) => ({ waiter, isGone: false })),
  ];
}

/**
 * When the last waiter of a queue is granted, in milliseconds from when it was read. If some are omitted, they are
 * assumed to be as far apart as the listed ones.
 */
export function servedInMs({ waiters, omitted }: QueuedWaiters): number {
  const [first, last] = [waiters[0]?.etaMs ?? 0, waiters.at(-1)?.etaMs ?? 0];
  const gaps = waiters.length - 1;
  return omitted === 0 || gaps < 1 ? last : last + (omitted * (last - first)) / gaps;
}
