/**
 * The bucket's feed, for as long as the page is open. Nothing is sent over it while nothing happens.
 *
 * A browser tells a script nothing of why a connection was refused. So where one ends before its first
 * message, the bucket is asked for in the plain way, which says so in words.
 */
import type { ProblemBody, WatchMessage } from "../protocol.ts";

/** How it stands with the feed. */
export type FeedState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** It broke, and another attempt follows. */
  | { readonly kind: "lost" }
  /** The service said no, and would again. */
  | { readonly kind: "denied"; readonly problem: ProblemBody };

/** Before the second attempt; each further one waits twice as long, up to the most. Milliseconds. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** What becomes of the feed. */
export interface FeedListener {
  readonly onState: (state: FeedState) => void;
  readonly onMessage: (message: WatchMessage, isFirst: boolean) => void;
}

/** Connects, and again whenever the connection is lost. Returns what ends it. */
export function openFeed(
  bucket: string,
  token: string | undefined,
  { onState, onMessage }: FeedListener,
): () => void {
  const ended = new AbortController();
  void (async () => {
    onState({ kind: "connecting" });
    for (let failures = 0; !ended.signal.aborted; failures++) {
      let isFirst = true;
      await receive(bucket, token, ended.signal, (message) => {
        if (isFirst) onState({ kind: "live" });
        onMessage(message, isFirst);
        isFirst = false;
        failures = 0;
      });
      if (ended.signal.aborted) return;
      const problem = isFirst ? await reasonOfRefusal(bucket, token) : undefined;
      if (ended.signal.aborted) return;
      if (problem) return onState({ kind: "denied", problem });
      onState({ kind: "lost" });
      await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures), ended.signal);
    }
  })();
  return () => ended.abort();
}

/** Resolves when the connection has ended, however. */
function receive(
  bucket: string,
  token: string | undefined,
  signal: AbortSignal,
  onMessage: (message: WatchMessage) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const url = new URL(`/buckets/${encodeURIComponent(bucket)}/watch`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const protocols =
      token === undefined ? ["sluice"] : ["sluice", `sluice.bearer.${encode(token)}`];
    const socket = new WebSocket(url, protocols);
    socket.addEventListener("message", ({ data }) => onMessage(JSON.parse(String(data))));
    socket.addEventListener("close", () => resolve());
    signal.addEventListener("abort", () => socket.close());
  });
}

function encode(token: string): string {
  return btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** What the service has against it, if that will not pass by itself. */
async function reasonOfRefusal(
  bucket: string,
  token: string | undefined,
): Promise<ProblemBody | undefined> {
  try {
    const response = await fetch(`/buckets/${encodeURIComponent(bucket)}`, {
      headers: {
        Accept: "application/json",
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      cache: "no-store",
    });
    if (response.ok || response.status === 503) return undefined;
    return await response.json();
  } catch {
    return undefined;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
