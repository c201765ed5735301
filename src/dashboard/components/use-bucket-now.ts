/** The bucket's clock: the page's, set to the object's, and stopped while the page hears nothing of it. */
import type { BucketView } from "../bucket-view.ts";

import { useNow } from "./use-now.ts";

/** A bucket as the page last heard of it. */
export interface HeardView {
  readonly view: BucketView;
  /** Since when nothing is heard, by the page's clock; `undefined` while the feed stands. */
  readonly lostAtMs: number | undefined;
}

/**
 * The present by the object's clock, epoch milliseconds; where the feed is lost, the instant of that.
 *
 * @param delayFrom When to look again, as in `useNow`, by the object's clock.
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
