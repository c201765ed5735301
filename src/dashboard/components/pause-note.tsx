/** Shows that a bucket is paused, for as long as it is. */
import type { VNode } from "preact";

import type { BucketView } from "../bucket-view.ts";

import { limitsAt } from "../../client/watch/forecast.ts";
import { showComing } from "../format.ts";
import { useNow } from "./use-now.ts";

/** A sentence, or nothing; announced to screen readers when it appears. */
export function PauseNote({ view }: { readonly view: BucketView }): VNode {
  const { snapshot, clockOffsetMs } = view;
  const pausesAt = (pageNowMs: number): [name: string, untilMs: number][] => {
    return limitsAt(snapshot, pageNowMs + clockOffsetMs).flatMap(({ name, pausedUntilMs }) => {
      return pausedUntilMs === undefined ? [] : [[name, pausedUntilMs]];
    });
  };
  const pageNowMs = useNow((atMs) => {
    const endsAtMs = pausesAt(atMs).map(([, untilMs]) => untilMs);
    return endsAtMs.length > 0 ? Math.min(...endsAtMs) - (atMs + clockOffsetMs) : undefined;
  }, view);
  const pauses = pausesAt(pageNowMs);
  const names = snapshot.policy.limits ? pauses.map(([name]) => `“${name}” `) : [""];
  const bucketNowMs = pageNowMs + clockOffsetMs;
  const each = pauses.map(([, untilMs], index) => {
    return `${names[index]}until ${showComing(untilMs, bucketNowMs)}`;
  });
  return (
    <p class="pause-note" role="status">
      {each.length > 0 && `Paused ${each.join(", ")}: no refills until then.`}
    </p>
  );
}
