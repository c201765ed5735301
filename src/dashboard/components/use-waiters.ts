/** Who waits for a bucket, also those that came before the page was opened. */
import { useEffect, useRef, useState } from "preact/hooks";

import type { BucketView } from "../bucket-view.ts";
import type { CallRefusal, OperatorCalls } from "../operator-calls.ts";
import type { QueuedWaiters } from "../../protocol/queued-waiter.ts";

import { WaiterReader } from "../waiter-reader.ts";

/** Waiters that the page lists: more than anyone reads, and few enough to be drawn each second. */
const LISTED = 200;

/** The queue as it was read last. */
export interface ReadQueue extends QueuedWaiters {
  /** When, on the object's clock. */
  readonly atMs: number;
  /** Why it could not be read the last time. */
  readonly refusal?: CallRefusal;
}

const NOBODY: ReadQueue = { waiters: [], omitted: 0, atMs: 0 };

/**
 * The queue, read again when the feed says that something has changed, at most once a second and only while the page
 * is seen. A queue in which nobody waits isn't read.
 *
 * @param token The API key.
 */
export function useWaiters(
  calls: OperatorCalls,
  token: string | undefined,
  view: BucketView,
): ReadQueue {
  const [queue, setQueue] = useState(NOBODY);
  const clockOffsetMs = useRef(0);
  clockOffsetMs.current = view.clockOffsetMs;
  const reader = useRef<WaiterReader>(undefined);
  useEffect(() => {
    const made = new WaiterReader(async () => {
      const result = await calls.waiters(LISTED, token);
      const atMs = Date.now() + clockOffsetMs.current;
      if (result.ok) setQueue({ ...result.value, atMs });
      else setQueue((before) => ({ ...before, refusal: result }));
    });
    reader.current = made;
    return (): void => made.stop();
  }, [calls, token]);
  const hasWaiters = view.snapshot.waiters > 0;
  useEffect(() => {
    // Or the next waiter would find the last ones in the list.
    if (!hasWaiters) setQueue(NOBODY);
    const readIfSeen = (): void => {
      if (hasWaiters && !document.hidden) reader.current?.changed();
    };
    readIfSeen();
    document.addEventListener("visibilitychange", readIfSeen);
    return (): void => document.removeEventListener("visibilitychange", readIfSeen);
  }, [view.snapshot, hasWaiters, calls, token]);
  return hasWaiters ? queue : NOBODY;
}
