/** The list of busy buckets, as long as the page is seen. */
import { useEffect, useState } from "preact/hooks";

import type { BusyAsk, BusyNews } from "../busy-feed.ts";
import type { FeedState } from "../live-feed.ts";

import { openBusyFeed } from "../busy-feed.ts";

/** What is known of the list. */
export interface Busy {
  readonly feed: FeedState;
  /** The last list; absent until there is one. */
  readonly news: BusyNews | undefined;
  /** When the connection was lost, on the page's clock; `undefined` while there is one. */
  readonly lostAtMs: number | undefined;
}

/** Follows the list; a change of what is asked for asks at once. */
export function useBusy(
  base: string,
  token: string | undefined,
  { prefix, sort, limit }: BusyAsk,
): Busy {
  const [feed, setFeed] = useState<FeedState>({ kind: "connecting" });
  const [news, setNews] = useState<BusyNews>();
  const [lostAtMs, setLostAtMs] = useState<number>();
  useEffect(() => {
    const onState = (state: FeedState): void => {
      // States that say nothing new draw nothing.
      setFeed((before) => (before.kind === state.kind && state.kind !== "denied" ? before : state));
      if (state.kind === "denied") setNews(undefined);
      const isLost = state.kind === "lost";
      setLostAtMs((before) => (isLost ? (before ?? Date.now()) : undefined));
    };
    const ask = { prefix, sort, limit };
    return openBusyFeed(base, token, ask, { onState, onNews: setNews }, whenSeen);
  }, [base, token, prefix, sort, limit]);
  return { feed, news, lostAtMs };
}

/** Resolves while the tab is the one that is shown, or when it is again. */
function whenSeen(signal: AbortSignal): Promise<void> {
  if (!document.hidden || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const ended = new AbortController();
    const end = (): void => {
      ended.abort();
      resolve();
    };
    document.addEventListener("visibilitychange", end, { signal: ended.signal });
    signal.addEventListener("abort", end, { signal: ended.signal });
  });
}
