/** Shows that a bucket is paused, for as long as it is. */
import type { VNode } from "preact";

import type { BucketView } from "../bucket-view.ts";

import { showTime } from "../format.ts";
import { useNow } from "./use-now.ts";

/** A sentence, or nothing; announced to screen readers when it appears. */
export function PauseNote({ view }: { readonly view: BucketView }): VNode {
  const untilMs = view.snapshot.pausedUntilMs ?? 0;
  const remainingMs = (pageNowMs: number): number => untilMs - (pageNowMs + view.clockOffsetMs);
  const nowMs = useNow((pageNowMs) => {
    return remainingMs(pageNowMs) > 0 ? remainingMs(pageNowMs) : undefined;
  }, view);
  return (
    <p class="pause-note" role="status">
      {remainingMs(nowMs) > 0 && `Paused until ${showTime(untilMs)}: no refills until then.`}
    </p>
  );
}
