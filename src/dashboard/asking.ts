/**
 * The page's own callers. They wait in the bucket's queue like anyone else's, all of them on one session, which
 * ends with the page.
 *
 * If there is no session, each is a request of its own. Over HTTP/1.1, browsers open six connections to an
 * origin, so of ten callers four would be late. But requests with and without credentials use separate
 * connections (the fetch standard requires that), so every second request omits them; the page has no cookies
 * either way.
 */
import type { AskOutcome } from "./ask-summary.ts";
import type { Client } from "../client/index.ts";
import type { KnownAsk } from "../client/watch/forecast.ts";

import { SluiceError } from "../client/sluice-error.ts";

/**
 * Most concurrent callers: more than anyone sends by hand, and over later versions of HTTP the number of streams
 * that servers usually allow on a connection.
 */
const MAX_CALLERS = 100;
/**
 * The same over HTTP/1.1: five on each kind of connection, with one of each to spare.
 */
const MAX_OVER_HTTP1 = 10;

/** Acquires from one bucket. */
export class Asking {
  readonly #base: string;
  readonly #bucket: string;
  readonly #token: string | undefined;
  readonly #held = new Set<AbortController>();
  readonly #onChange: () => void;
  #client: Promise<Client> | undefined = undefined;
  #requests = 0;
  /** Whether any of the waiting callers may be a request of its own. */
  #isOverHttp = false;

  /**
   * @param base URL of Sluice.
   * @param onChange Called when `waiting` has changed.
   */
  constructor(base: string, bucket: string, token: string | undefined, onChange: () => void) {
    this.#base = base;
    this.#bucket = bucket;
    this.#token = token;
    this.#onChange = onChange;
  }

  /** Number of callers that have no answer yet. */
  get waiting(): number {
    return this.#held.size;
  }

  /** How many more callers may be sent now. */
  get free(): number {
    const max = this.#isOverHttp && isHttp1() ? MAX_OVER_HTTP1 : MAX_CALLERS;
    return Math.max(0, max - this.#held.size);
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

  /** Cancels every waiting caller. */
  cancelAll(): void {
    for (const held of this.#held) held.abort();
  }

  async #ask(ask: KnownAsk): Promise<AskOutcome> {
    const held = new AbortController();
    this.#held.add(held);
    try {
      const { signal } = held;
      const outcome = await (await this.#madeClient()).acquire(this.#bucket, { ...ask, signal });
      if (!outcome.ok) {
        const { reason, detail, retryAfterMs } = outcome;
        return {
          kind: "refused",
          reason,
          detail,
          ...(retryAfterMs !== undefined && { retryAfterMs }),
        };
      }
      return { kind: "granted", waitedMs: outcome.waitedMs };
    } catch (error) {
      return held.signal.aborted ? { kind: "cancelled" } : outcomeOf(error);
    } finally {
      this.#held.delete(held);
      if (this.#held.size === 0) this.#isOverHttp = false;
      this.#onChange();
    }
  }

  #madeClient(): Promise<Client> {
    return (this.#client ??= this.#makeClient());
  }

  /** Rejects with a `RangeError` if the token can't be sent, and with a `SluiceError` if there is no connection. */
  async #makeClient(): Promise<Client> {
    // Most visitors only look, so it is loaded with the first caller.
    const loading = import("../client/client.ts").catch(() => {
      this.#client = undefined;
      throw new SluiceError({ reason: "unavailable", detail: "Sluice is unavailable" });
    });
    const { createClient } = await loading;
    const token = this.#token;
    return createClient({
      url: this.#base,
      ...(token !== undefined && { token }),
      transport: "session",
      WebSocket,
      fetch: (url, init) => this.#fetch(url, init),
    });
  }

  #fetch(url: string, init: RequestInit): Promise<Response> {
    this.#isOverHttp = true;
    const isOdd = this.#requests++ % 2 === 1;
    const credentials = isOdd ? "omit" : "same-origin";
    return fetch(url, { ...init, credentials, cache: "no-store" });
  }
}

function isHttp1(): boolean {
  const [navigation] = performance.getEntriesByType("navigation");
  return (
    !(navigation instanceof PerformanceNavigationTiming) ||
    !/^h[23]/.test(navigation.nextHopProtocol)
  );
}

function outcomeOf(error: unknown): AskOutcome {
  if (!(error instanceof SluiceError)) return { kind: "failed", message: String(error) };
  // Browsers report only that a connection failed, each in its own words.
  if (error.status === undefined) return { kind: "failed", message: "Sluice is unavailable" };
  return { kind: "refused", reason: error.reason, detail: error.detail };
}
