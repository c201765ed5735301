/**
 * A bucket's live feed as an async iterable, for browsers, Node 22 and later, Deno and Bun.
 *
 * Connections end: the service is redeployed, a machine sleeps, a reader falls behind. The iterable
 * reconnects and continues with the bucket's state at that time, in a message marked `isFirst`;
 * what happened in between shows only in the counts of its snapshot, not in events.
 *
 * A runtime doesn't tell scripts why a connection was refused. So if one ends before its first
 * message, the same address is requested over HTTP, and the answer decides whether to retry.
 */
import type { WatchMessage } from "../../protocol/watch-feed.ts";
import type { ClientSocketClass } from "../transport/live-socket.ts";

import { type Backoff, backoffMs } from "../../core/backoff.ts";
import { reasonFields } from "../../protocol/reasons.ts";
import { SUBPROTOCOL } from "../../protocol/watch-feed.ts";
import { onAbort } from "../../on-abort.ts";
import { sleep } from "../transport/abort.ts";
import { isRecord, membersOf } from "../../core/is-record.ts";
import { errorOf, parseJson, problemIn, unexpectedAnswer } from "../transport/answer.ts";
import { checkBucketInPath, checkFunction } from "../arguments.ts";
import { Connection } from "../transport/connection.ts";
import { TransportError } from "../transport/transport-error.ts";
import { WatchConnection } from "./watch-connection.ts";

const BACKOFF: Backoff = { firstMs: 200, maxMs: 5_000 };
/** Longest wait for the answer over HTTP. */
const MAX_ANSWER_MS = 10_000;

/** Status of a successful handshake, for an error about what came after it. */
const SWITCHING_PROTOCOLS = 101;
/** How to reach the feed. */
export interface WatchOptions {
  /**
   * Base URL of Sluice, such as `https://sluice.example.com`; if it has a path, that path is kept
   * as a prefix.
   */
  readonly url: string | URL;
  /** An API key with the right `read`. A public Sluice needs none. */
  readonly token?: string | undefined;
  /** Replaces the platform's `WebSocket`. */
  readonly WebSocket?: ClientSocketClass | undefined;
  /** Replaces the platform's `fetch`. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

/** Options of one watch. */
export interface WatchCallOptions {
  /** Stops watching; the iterable rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called each time a connection, or an attempt to connect, ends and will be followed by another:
   * until the next message, the last one is out of date.
   */
  readonly onLost?: (() => void) | undefined;
}

/** The feed to follow, and how to connect to it. */
interface Feed extends WatchCallOptions {
  /** For requests over HTTP. */
  readonly connection: Connection;
  readonly path: string;
  readonly open: () => WatchConnection;
}

/**
 * Watches a bucket. Connects when the first message is requested, and disconnects when the loop is
 * left or `signal` aborts. A reader that stops reading buffers no more than the service allows, and
 * is then reconnected.
 *
 * @throws {RangeError | TypeError} If an argument is wrong, or the runtime has no `WebSocket`.
 * @throws {SluiceError} From the iterable, if the service says that this bucket may not or cannot
 * be watched (`unauthorized`, `origin-not-allowed`, `unknown-bucket`, `illegal-configuration`), or
 * if something other than Sluice answers.
 *
 * @example
 * for await (const { snapshot, events } of watchBucket({ url }, "export")) {
 *   console.log(snapshot.tokens, snapshot.waiters, events);
 * }
 */
export function watchBucket(
  options: WatchOptions,
  bucket: string,
  { signal, onLost }: WatchCallOptions = {},
): AsyncGenerator<WatchMessage, void, undefined> {
  const { url, token, fetch, WebSocket } = options;
  checkBucketInPath(bucket);
  checkFunction({ onLost }, "onLost");
  const connection = new Connection({ url, token, fetch, WebSocket });
  const path = `/buckets/${encodeURIComponent(bucket)}/watch`;
  const openSocket = connection.socketOpener(path, SUBPROTOCOL);
  const open = (): WatchConnection => new WatchConnection(openSocket());
  return follow({ connection, path, open, signal, onLost });
}

async function* follow(feed: Feed): AsyncGenerator<WatchMessage, void, undefined> {
  const { open, signal, onLost } = feed;
  for (let failures = 0; ; failures += 1) {
    signal?.throwIfAborted();
    const connection = open();
    const close = (): void => connection.close();
    const stopListening = signal && onAbort(signal, close);
    let hasBegun = false;
    try {
      for (;;) {
        const text = await connection.next();
        signal?.throwIfAborted();
        if (text === undefined) break;
        hasBegun = true;
        failures = 0;
        yield messageIn(text);
      }
    } finally {
      stopListening?.();
      close();
    }
    if (!hasBegun) await throwRefusal(feed);
    onLost?.();
    await sleep(backoffMs(BACKOFF, failures + 1, Math.random()), signal);
  }
}

/** @throws {SluiceError} If the text is not a message of a feed. */
function messageIn(text: string): WatchMessage {
  const message = parseJson(text);
  if (isMessage(message)) return message;
  throw unexpectedAnswer(SWITCHING_PROTOCOLS, message);
}

function isMessage(value: unknown): value is WatchMessage {
  const { atMs, snapshot, events } = membersOf(value);
  return typeof atMs === "number" && isRecord(snapshot) && Array.isArray(events);
}

/** Asks why the connection was refused, and throws that; returns if it may be transient. */
async function throwRefusal({ connection, path, signal }: Feed): Promise<void> {
  const timeout = AbortSignal.timeout(MAX_ANSWER_MS);
  const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
  try {
    const response = await connection.send({ method: "GET", path, headers: {} }, either);
    const answer = await connection.read(response);
    if (answer.status === reasonFields["upgrade-required"].status) return;
    const problem = problemIn(answer);
    if (problem?.reason === "watchers-full") return;
    throw problem ? errorOf(problem) : unexpectedAnswer(answer.status, answer.body);
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof TransportError)) throw error;
  }
}
