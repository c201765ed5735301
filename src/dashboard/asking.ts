/**
 * The page's own callers. Each is a request of its own to `/acquire`, as anybody's would be; to cancel one
 * is to hang up.
 *
 * They ask for a stream of events: the service writes into it while they wait, and so notices within a
 * second that one has gone, even behind proxies that do not say so.
 *
 * Over HTTP/1.1 browsers keep six connections to an address, and ten callers at once would be six and four
 * late ones. But connections of requests with credentials and without are kept apart (as the fetch standard
 * demands), so every second caller does without; the page has no cookies either way.
 */
import type { GrantBody } from "../protocol/acquire-bodies.ts";
import type { ProblemBody } from "../protocol/problem-document.ts";

import { EventStreamParser } from "../client/transport/event-stream.ts";
import { acquireUrl } from "./address.ts";

/** What came of one caller. */
export type AskOutcome =
  | { readonly kind: "granted"; readonly waitedMs: number }
  | { readonly kind: "refused"; readonly problem: ProblemBody }
  | { readonly kind: "cancelled" }
  | { readonly kind: "failed"; readonly message: string };

/** Most callers at a time over HTTP/1.1: five on either kind of connection, and one of each to spare. */
const MAX_OVER_HTTP1 = 10;
/** Over later versions: as many as servers usually allow on one connection. */
const MAX_OVER_HTTP2 = 100;

/** Asks one bucket. */
export class Asking {
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #held = new Set<AbortController>();
  readonly #onChange: () => void;
  #asked = 0;

  /**
   * @param base Where Sluice is, with a slash at the end.
   * @param onChange Called when `waiting` has changed.
   */
  constructor(base: string, bucket: string, token: string | undefined, onChange: () => void) {
    this.#url = acquireUrl(base, bucket);
    this.#token = token;
    this.#onChange = onChange;
  }

  /** Callers that have no answer yet. */
  get waiting(): number {
    return this.#held.size;
  }

  /** How many more may ask at once. */
  get free(): number {
    return Math.max(0, mostCallers() - this.#held.size);
  }

  /** Sends `count` callers at once, each for `tokens`. Resolves when all have their answers. */
  ask(count: number, tokens: number): Promise<AskOutcome[]> {
    const callers = Array.from({ length: count }, () => this.#ask(tokens));
    this.#onChange();
    return Promise.all(callers);
  }

  /** Hangs up on all that wait. */
  cancelAll(): void {
    for (const held of this.#held) held.abort();
  }

  async #ask(tokens: number): Promise<AskOutcome> {
    const held = new AbortController();
    const isOdd = this.#asked++ % 2 === 1;
    this.#held.add(held);
    try {
      const response = await fetch(`${this.#url}&tokens=${tokens}`, {
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
      // Browsers say no more than that a fetch failed, each in words of its own.
      const isUnreached = error instanceof TypeError;
      return { kind: "failed", message: isUnreached ? "Sluice cannot be reached" : String(error) };
    } finally {
      this.#held.delete(held);
      this.#onChange();
    }
  }
}

function mostCallers(): number {
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
