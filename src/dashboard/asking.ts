/**
 * The page's own callers. Each is a separate request to `/acquire`, like anyone else's;
 * disconnecting cancels it.
 *
 * They ask for an event stream: the service writes to it while they wait, and so notices within a
 * second that a caller has disconnected, even behind proxies that don't pass that on.
 *
 * Over HTTP/1.1, browsers open six connections to an origin, so of ten callers four would be late.
 * But requests with and without credentials use separate connections (the fetch standard requires
 * that), so every second caller omits them; the page has no cookies either way.
 */
import type { KnownAsk } from "../client/watch/forecast.ts";
import type { GrantBody } from "../protocol/acquire-bodies.ts";
import type { ProblemBody } from "../protocol/problem-document.ts";

import { EventStreamParser } from "../client/transport/event-stream.ts";
import { acquireUrl } from "./address.ts";

/** The result of one caller. */
export type AskOutcome =
  | { readonly kind: "granted"; readonly waitedMs: number }
  | { readonly kind: "refused"; readonly problem: ProblemBody }
  | { readonly kind: "cancelled" }
  | { readonly kind: "failed"; readonly message: string };

/**
 * Most concurrent callers over HTTP/1.1: five on each kind of connection, with one of each to
 * spare.
 */
const MAX_OVER_HTTP1 = 10;
/**
 * The same over later versions: the number of streams that servers usually allow on a connection.
 */
const MAX_OVER_HTTP2 = 100;

/** Acquires from one bucket. */
export class Asking {
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #held = new Set<AbortController>();
  readonly #onChange: () => void;
  #asked = 0;

  /**
   * @param base URL of Sluice, with a trailing slash.
   * @param onChange Called when `waiting` has changed.
   */
  constructor(base: string, bucket: string, token: string | undefined, onChange: () => void) {
    this.#url = acquireUrl(base, bucket);
    this.#token = token;
    this.#onChange = onChange;
  }

  /** Number of callers that have no answer yet. */
  get waiting(): number {
    return this.#held.size;
  }

  /** How many more callers may be sent now. */
  get free(): number {
    return Math.max(0, maxCallers() - this.#held.size);
  }

  /**
   * Sends `count` callers at once, each of which asks the same. Resolves when all have been answered;
   * never rejects.
   */
  ask(count: number, ask: KnownAsk): Promise<AskOutcome[]> {
    const callers = Array.from({ length: count }, () => this.#ask(ask));
    this.#onChange();
    return Promise.all(callers);
  }

  /** Disconnects every waiting caller. */
  cancelAll(): void {
    for (const held of this.#held) held.abort();
  }

  async #ask({ tokens, limits = {} }: KnownAsk): Promise<AskOutcome> {
    const named = Object.entries(limits).map(([name, count]) => `&tokens.${name}=${count}`);
    const held = new AbortController();
    const isOdd = this.#asked++ % 2 === 1;
    this.#held.add(held);
    try {
      const response = await fetch(`${this.#url}&tokens=${tokens}${named.join("")}`, {
        headers: {
          Accept: "text/event-stream",
          ...(this.#token !== undefined && { Authorization: `Bearer ${this.#token}` }),
        },
        credentials: isOdd ? "omit" : "same-origin",
        cache: "no-store",
        signal: held.signal,
      });
      return await readOutcome(response);
    } catch (error) {
      if (held.signal.aborted) return { kind: "cancelled" };
      // Browsers report only that a fetch failed, each in its own words.
      const isNetworkError = error instanceof TypeError;
      return {
        kind: "failed",
        message: isNetworkError ? "Sluice cannot be reached" : String(error),
      };
    } finally {
      this.#held.delete(held);
      this.#onChange();
    }
  }
}

function maxCallers(): number {
  const [navigation] = performance.getEntriesByType("navigation");
  const isOlder =
    !(navigation instanceof PerformanceNavigationTiming) ||
    !/^h[23]/.test(navigation.nextHopProtocol);
  return isOlder ? MAX_OVER_HTTP1 : MAX_OVER_HTTP2;
}

async function readOutcome(response: Response): Promise<AskOutcome> {
  const isStream = response.headers.get("Content-Type")?.startsWith("text/event-stream") === true;
  if (!isStream || !response.body) {
    return response.ok ? grantedBy(await response.text()) : refusedBy(await response.text());
  }
  const parser = new EventStreamParser();
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { kind: "failed", message: "The connection ended before the answer" };
    for (const { event, data } of parser.push(decoder.decode(value, { stream: true }))) {
      if (event === "granted") return grantedBy(data);
      if (event === "refused") return refusedBy(data);
    }
  }
}

function grantedBy(text: string): AskOutcome {
  const { waitedMs }: GrantBody = JSON.parse(text);
  return { kind: "granted", waitedMs };
}

function refusedBy(text: string): AskOutcome {
  const problem: ProblemBody = JSON.parse(text);
  return { kind: "refused", problem };
}
