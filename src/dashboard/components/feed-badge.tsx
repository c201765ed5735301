/** Shows whether the page is up to date. */
import type { VNode } from "preact";

import type { FeedState } from "../live-feed.ts";

const words: Record<FeedState["kind"], string> = {
  connecting: "Connecting …",
  live: "Live",
  lost: "Connection lost, reconnecting …",
  denied: "Not connected",
};

/** A word and a dot; changes are announced to screen readers. */
export function FeedBadge({ feed }: { readonly feed: FeedState }): VNode {
  return (
    <p class={`badge ${feed.kind}`} role="status">
      <span class="dot" aria-hidden="true" />
      <span class="word">{words[feed.kind]}</span>
    </p>
  );
}
