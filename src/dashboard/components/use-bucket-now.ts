/**
 * The bucket's clock: the page's clock adjusted to the object's, and stopped while the feed is
 * lost.
 */
import type { BucketView } from "../bucket-view.ts";

import { useNow } from "./use-now.ts";

/** A bucket as the page last saw it. */
export interface HeardView {
  readonly view: BucketView;
  /** When the feed was lost, on the page's clock; `undefined` while it is connected. */
  readonly lostAtMs: number | undefined;
}

/**
 * The present on the object's clock, epoch milliseconds; while the feed is lost, the time it was
 * lost.
 *
 * @param delayFrom When to update, as in `useNow`, on the object's clock.
 */
export function useBucketNow(
  { view, lostAtMs }: HeardView,
  delayFrom: (nowMs: number) => number | undefined,
): number {
  const atBucket = (pageNowMs: number): number => {
    return Math.max(view.atMs, pageNowMs + view.clockOffsetMs);
  };
  const pageNowMs = useNow(
    (nowMs) => (lostAtMs === undefined ? delayFrom(atBucket(nowMs)) : undefined),
    lostAtMs ?? view,
  );
  return atBucket(lostAtMs ?? pageNowMs);
}
