/**
 * The bucket's feed, for as long as the page is open. Nothing is sent over it while nothing happens, but
 * a question now and then whether the other end is there, which the runtime answers by itself.
 */
import type { WatchMessage } from "../protocol/watch-feed.ts";

import { SluiceError, watchBucket } from "../client/index.ts";

/** How it stands with the feed. */
export type FeedState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** It broke, and another attempt follows. */
  | { readonly kind: "lost" }
  /** The service said no, and would again. */
  | { readonly kind: "denied"; readonly error: SluiceError };

/** What becomes of the feed. */
export interface FeedListener {
  readonly onState: (state: FeedState) => void;
  readonly onMessage: (message: WatchMessage) => void;
}

/**
 * Connects, and again whenever the connection is lost. Returns what ends it.
 *
 * @param base Where Sluice is.
 */
export function openFeed(
  base: string,
  bucket: string,
  token: string | undefined,
  listener: FeedListener,
): () => void {
  const ended = new AbortController();
  void follow(base, bucket, token, listener, ended.signal);
  return () => ended.abort();
}

async function follow(
  base: string,
  bucket: string,
  token: string | undefined,
  { onState, onMessage }: FeedListener,
  signal: AbortSignal,
): Promise<void> {
  onState({ kind: "connecting" });
  try {
    const options = { url: base, token };
    const onLost = (): void => onState({ kind: "lost" });
    for await (const message of watchBucket(options, bucket, { signal, onLost })) {
      if (message.isFirst) onState({ kind: "live" });
      onMessage(message);
    }
  } catch (error) {
    if (signal.aborted) return;
    onState({ kind: "denied", error: asSluiceError(error) });
  }
}

function asSluiceError(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  // The client's own word on the name of the bucket.
  const reason = error instanceof RangeError ? "invalid-request" : "unexpected-answer";
  return new SluiceError({ reason, detail });
}
