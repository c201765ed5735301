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
import type { ProblemBody, WatchMessage } from "../protocol.ts";
import type { WatchSocketClass } from "./watch-connection.ts";

import { showValue } from "../core/policy.ts";
import { SluiceError } from "./sluice-error.ts";
import { WatchConnection } from "./watch-connection.ts";

/** Upper bound of the first pause, which is drawn at random: all who lost a connection do not come as one. */
const FIRST_PAUSE_MS = 200;
/** Upper bound of any pause. */
const LONGEST_PAUSE_MS = 5_000;
/** For a plain answer. */
const PATIENCE_MS = 10_000;

/** The service takes the token so: a script cannot set a header of a WebSocket's request. */
const SUBPROTOCOL = "sluice";
const BEARER_PREFIX = "sluice.bearer.";

/** Statuses of the plain answer that say nothing against another attempt, beside 500 and above. */
const PASSING_STATUSES = new Set([408, 425, 426, 429]);

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

/**
 * Watches a bucket, from the first message that is asked for until the loop is left or `signal` aborts;
 * the iterable then rejects with the signal's reason. A reader that stops reading holds no more than the
 * service lets it be behind, and is connected anew.
 *
 * @throws {RangeError | TypeError} Where an argument is wrong, or the runtime has no `WebSocket`.
 * @throws {SluiceError} From the iterable, where the service says that this bucket must not or cannot be
 * watched: `unauthorized`, `origin-not-allowed`, `unknown-bucket`, `invalid-request`.
 *
 * @example
 * for await (const { snapshot, events } of watchBucket({ url }, "export")) {
 *   console.log(snapshot.tokens, snapshot.waiters, events);
 * }
 */
export function watchBucket(
  options: WatchOptions,
  bucket: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<WatchMessage, void, undefined> {
  const address = addressOf(options.url, bucket);
  const protocols = protocolsOf(options.token);
  const WebSocket = options.WebSocket ?? platformWebSocket();
  return follow({ ...options, WebSocket }, address, protocols, signal);
}

async function* follow(
  options: WatchOptions & { readonly WebSocket: WatchSocketClass },
  address: string,
  protocols: string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchMessage, void, undefined> {
  for (let failures = 0; ; failures += 1) {
    signal?.throwIfAborted();
    const socketUrl = address.replace("http", "ws");
    const connection = new WatchConnection(options.WebSocket, socketUrl, protocols);
    const close = (): void => connection.close();
    signal?.addEventListener("abort", close);
    let hasBegun = false;
    try {
      for (;;) {
        const text = await connection.next();
        signal?.throwIfAborted();
        if (text === undefined) break;
        hasBegun = true;
        failures = 0;
        const message: WatchMessage = JSON.parse(text);
        yield message;
      }
    } finally {
      signal?.removeEventListener("abort", close);
      close();
    }
    if (!hasBegun) await throwRefusal(options, address, signal);
    await pause(Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures), signal);
  }
}

/** Asks why there was no connection; returns where that may pass. */
async function throwRefusal(
  { token, fetch: send = callFetch }: WatchOptions,
  address: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const headers: Record<string, string> =
    token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const enough = AbortSignal.timeout(PATIENCE_MS);
  let status: number;
  let body: unknown;
  try {
    const signals = signal ? [signal, enough] : [enough];
    const answer = await send(address, { headers, signal: AbortSignal.any(signals) });
    ({ status } = answer);
    body = await answer.json().catch(() => undefined);
  } catch {
    signal?.throwIfAborted();
    return;
  }
  if (status >= 500 || PASSING_STATUSES.has(status)) return;
  throw refusalOf(status, body);
}

function refusalOf(status: number, body: unknown): SluiceError {
  if (isProblem(body)) {
    const { reason, detail, errors } = body;
    return new SluiceError({ reason, detail, status, errors });
  }
  const unexpected = `Answered ${status} where a bucket was to be watched: this is no Sluice`;
  return new SluiceError({ reason: "unexpected-answer", detail: unexpected, status });
}

function isProblem(body: unknown): body is ProblemBody {
  return typeof body === "object" && body !== null && "reason" in body && "detail" in body;
}

/** The platform's, called as nobody's method: browsers insist on that. */
function callFetch(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, init);
}

function platformWebSocket(): WatchSocketClass {
  const { WebSocket } = globalThis as { WebSocket?: WatchSocketClass };
  if (WebSocket) return WebSocket;
  throw new TypeError("This runtime has no WebSocket: pass one as the option WebSocket");
}

function addressOf(url: string | URL, bucket: string): string {
  const text = String(url);
  if (!URL.canParse(text) || !/^https?:/i.test(text)) {
    throw new TypeError(`url must be an absolute URL of http: or https: got ${showValue(text)}`);
  }
  if (bucket === "" || bucket === "." || bucket === "..") {
    throw new RangeError(`Cannot watch a bucket of that name: got ${showValue(bucket)}`);
  }
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname.replace(/\/+$/, "")}/buckets/${encodeURIComponent(bucket)}/watch`;
}

function protocolsOf(token: string | undefined): string[] {
  if (token === undefined) return [SUBPROTOCOL];
  if (!/^[\x21-\x7E]+$/.test(token)) {
    // Not the value: it may be a secret with a line end.
    throw new RangeError("token must be visible ASCII characters without white space");
  }
  const base64 = btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return [SUBPROTOCOL, BEARER_PREFIX + base64];
}

/** Resolves after `durationMs`. Rejects with the signal's reason as soon as it aborts. */
async function pause(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, durationMs);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done);
  });
  signal?.throwIfAborted();
}
