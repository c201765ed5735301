/** The last hour of a bucket, read again while something happens there. */
import { useEffect, useRef, useState } from "preact/hooks";

import type { BucketHistory } from "../../protocol/bucket-history.ts";
import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";
import type { OperatorCalls } from "../operator-calls.ts";

/** As often as there is a new point, in milliseconds. */
const PERIOD_MS = 10_000;
/** Reads after the last change: its window ends later. */
const READS_AFTER = 2;

/**
 * The history; empty until it is read. While nothing happens, nothing is sent.
 *
 * @param snapshot Of the feed; `undefined` until there is one.
 */
export function useHistory(
  calls: OperatorCalls,
  token: string | undefined,
  snapshot: BucketSnapshot | undefined,
): BucketHistory {
  const [history, setHistory] = useState<BucketHistory>({ intervalMs: PERIOD_MS, points: [] });
  const readsDue = useRef(0);
  useEffect(() => {
    const read = async (): Promise<void> => {
      const result = await calls.history(token);
      if (result.ok) setHistory(result.value);
    };
    void read();
    const timer = setInterval(() => {
      if (readsDue.current === 0 || document.hidden) return;
      readsDue.current -= 1;
      void read();
    }, PERIOD_MS);
    return (): void => clearInterval(timer);
  }, [calls, token]);
  const { granted, refused, waiters } = snapshot ?? { granted: 0, refused: 0, waiters: 0 };
  const isFirst = useRef(true);
  useEffect(() => {
    // What the first message says, the first read has.
    if (snapshot === undefined) return;
    if (!isFirst.current || waiters > 0) readsDue.current = READS_AFTER;
    isFirst.current = false;
  }, [snapshot === undefined, granted, refused, waiters]);
  // While callers wait, time alone makes a point.
  if (waiters > 0) readsDue.current = READS_AFTER;
  return history;
}
