/**
 * The bucket's feed, for as long as the page is open. While nothing happens, only an occasional
 * ping is sent, which the runtime answers without waking the object.
 */
import type { WatchMessage } from "../protocol/watch-feed.ts";

import { SluiceError } from "../client/sluice-error.ts";
import { watchBucket } from "../client/watch/watch.ts";

/** State of the feed. */
export type FeedState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** The connection was lost and will be retried. */
  | { readonly kind: "lost" }
  /** The service refused, and a retry won't help. */
  | { readonly kind: "denied"; readonly error: SluiceError };

/** Callbacks of a feed. */
export interface FeedListener {
  readonly onState: (state: FeedState) => void;
  readonly onMessage: (message: WatchMessage) => void;
}

/**
 * Connects, and reconnects whenever the connection is lost. Returns a function that closes the
 * feed.
 *
 * @param base URL of Sluice.
 */
export function openFeed(
  base: string,
  bucket: string,
  token: string | undefined,
  listener: FeedListener,
): () => void {
  const closed = new AbortController();
  void follow(base, bucket, token, listener, closed.signal);
  return () => closed.abort();
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

/** What went wrong, as an error of the client. */
export function asSluiceError(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  // A `RangeError` is the client's own check of the bucket's name.
  const reason = error instanceof RangeError ? "invalid-request" : "unexpected-answer";
  return new SluiceError({ reason, detail });
}
