/** Says that a bucket is paused, for as long as it is. */
import type { VNode } from "preact";

import type { BucketView } from "../bucket-view.ts";

import { showTime } from "../format.ts";
import { useNow } from "./use-now.ts";

/** A sentence, or nothing; read out when it appears. */
export function PauseNote({ view }: { readonly view: BucketView }): VNode {
  const untilMs = view.snapshot.pausedUntilMs ?? 0;
  const leftMs = (pageNowMs: number): number => untilMs - (pageNowMs + view.clockOffsetMs);
  const nowMs = useNow((pageNowMs) => {
    return leftMs(pageNowMs) > 0 ? leftMs(pageNowMs) : undefined;
  }, view);
  return (
    <p class="pause-note" role="status">
      {leftMs(nowMs) > 0 && `Paused until ${showTime(untilMs)}: ticks bring nothing before.`}
    </p>
  );
}
