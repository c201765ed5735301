/**
 * A bucket's live feed as an async iterable, for browsers, Node 22 and later, Deno and Bun.
 *
 * Connections end: the service is deployed anew, a machine sleeps, a reader falls behind. The iterable
 * connects again and goes on with the bucket as it is then, in a message that says `isFirst`; what
 * happened in between is in the counts of its snapshot and in no event.
 *
 * A runtime tells a script nothing of why a connection was refused. So where one ends before its first
 * message, the same address is asked in the plain way. What it says decides whether another attempt has
 * any sense.
 */
import type { WatchMessage } from "../../protocol/watch-feed.ts";
import type { WatchSocketClass } from "./watch-connection.ts";

import { onAbort } from "../../on-abort.ts";
import { sleep } from "../transport/abort.ts";
import { errorOf, membersOf, parseJson, problemIn, unexpectedAnswer } from "../transport/answer.ts";
import { baseOf, checkBucketInPath, checkFunction } from "../arguments.ts";
import { Connection } from "../transport/connection.ts";
import { TransportError } from "../transport/retry.ts";
import { WatchConnection } from "./watch-connection.ts";

/** Upper bound of the first pause, which is drawn at random: all who lost a connection do not come as one. */
const FIRST_PAUSE_MS = 200;
/** Upper bound of any pause. */
const MAX_PAUSE_MS = 5_000;
/** For a plain answer. */
const PATIENCE_MS = 10_000;

/** The service takes the token so: a script cannot set a header of a WebSocket's request. */
const SUBPROTOCOL = "sluice";
const BEARER_PREFIX = "sluice.bearer.";

/** Status of a handshake that went well: what comes after it is not the feed. */
const SWITCHING_PROTOCOLS = 101;
/** Status of a plain answer where nothing but a WebSocket is missing. */
const UPGRADE_REQUIRED = 426;

/** How to reach the feed. */
export interface WatchOptions {
  /** Where Sluice is, as in `https://sluice.example.com`; a path in it stays in front. */
  readonly url: string | URL;
  /** One of `API_TOKEN` with the right to read. Where Sluice is public, none is needed. */
  readonly token?: string | undefined;
  /** In place of the platform's `WebSocket`. */
  readonly WebSocket?: WatchSocketClass | undefined;
  /** In place of the platform's `fetch`. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

/** What ends watching, and who is told of its gaps. */
export interface WatchCallOptions {
  /** Ends it; the iterable rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Told of each connection, and each attempt at one, that came to an end and will be followed by another:
   * until the next message, what was told last is old.
   */
  readonly onLost?: (() => void) | undefined;
}

/** What is followed, and how. */
interface Feed extends WatchCallOptions {
  /** For what is asked in the plain way. */
  readonly connection: Connection;
  readonly path: string;
  readonly open: () => WatchConnection;
}

/**
 * Watches a bucket, from the first message that is asked for until the loop is left or `signal` aborts.
 * A reader that stops reading holds no more than the service lets it be behind, and is connected anew.
 *
 * @throws {RangeError | TypeError} Where an argument is wrong, or the runtime has no `WebSocket`.
 * @throws {SluiceError} From the iterable, where the service says that this bucket must not or cannot be
 * watched (`unauthorized`, `origin-not-allowed`, `unknown-bucket`, `illegal-configuration`), and where what
 * answers is no Sluice.
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
  const { url, token, fetch, WebSocket = platformWebSocket() } = options;
  checkBucketInPath(bucket);
  checkFunction({ onLost }, "onLost");
  const connection = new Connection({ url, token, fetch });
  const path = `/buckets/${encodeURIComponent(bucket)}/watch`;
  const socketUrl = (baseOf(url) + path).replace("http", "ws");
  const protocols = protocolsOf(token);
  const open = (): WatchConnection => new WatchConnection(WebSocket, socketUrl, protocols);
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
    await sleep(Math.random() * Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures), signal);
  }
}

/** @throws {SluiceError} Where the text is no message of a feed. */
function messageIn(text: string): WatchMessage {
  const message = parseJson(text);
  if (isMessage(message)) return message;
  throw unexpectedAnswer(SWITCHING_PROTOCOLS, message);
}

function isMessage(value: unknown): value is WatchMessage {
  const { atMs, snapshot, events } = membersOf(value);
  return typeof atMs === "number" && isObject(snapshot) && Array.isArray(events);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Asks why there was no connection; returns where that may pass. */
async function throwRefusal({ connection, path, signal }: Feed): Promise<void> {
  const enough = AbortSignal.timeout(PATIENCE_MS);
  const either = signal ? AbortSignal.any([signal, enough]) : enough;
  try {
    const response = await connection.send({ method: "GET", path, headers: {} }, either);
    const answer = await connection.read(response);
    if (answer.status === UPGRADE_REQUIRED) return;
    const problem = problemIn(answer);
    if (problem?.reason === "watchers-full") return;
    throw problem ? errorOf(problem) : unexpectedAnswer(answer.status, answer.body);
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof TransportError)) throw error;
  }
}

function platformWebSocket(): WatchSocketClass {
  const { WebSocket } = globalThis as { WebSocket?: WatchSocketClass };
  if (WebSocket) return WebSocket;
  throw new TypeError("This runtime has no WebSocket: pass one as the option WebSocket");
}

function protocolsOf(token: string | undefined): string[] {
  if (token === undefined) return [SUBPROTOCOL];
  const base64 = btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return [SUBPROTOCOL, BEARER_PREFIX + base64];
}
