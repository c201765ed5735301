/**
 * A client over a scripted `fetch`, in virtual time: the test says what happens to each attempt, and sees
 * when each was made. Needs vitest's fake timers.
 */
import { vi } from "vitest";

import { createClient, type Client, type ClientOptions } from "../../src/client/index.ts";

export const GRANT = { bucket: "x", tokens: 1, remaining: 0, waitedMs: 0, grantedAtMs: 5 };

/** How the other side answers an attempt; `signal` is the attempt's. */
export type Act = (signal: AbortSignal) => Promise<Response>;

export const granted: Act = async () => Response.json(GRANT);
export const broken: Act = () => Promise.reject(new TypeError("fetch failed"));
/** Holds the request until it is aborted. */
export const silent: Act = (signal) => {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
};
/** The connection breaks after `durationMs`. */
export const brokenAfter = (durationMs: number): Act => {
  return () => new Promise((_, reject) => setTimeout(reject, durationMs, new Error("reset")));
};

/** A cancel call. Times are relative to the client's creation. */
interface Cancel {
  readonly atMs: number;
  readonly url: string;
  readonly key: string | undefined;
  readonly keepalive: boolean;
  readonly signal: AbortSignal;
}

/** An attempt to acquire. */
interface Attempt {
  readonly atMs: number;
  readonly key: string | undefined;
  readonly signal: AbortSignal;
}

/** A client and everything it has sent. */
interface ScriptedClient {
  readonly client: Client;
  readonly attempts: readonly Attempt[];
  readonly cancels: readonly Cancel[];
}

/**
 * A client whose attempts are answered by `acts` in order, and by the last of them from then on.
 * Its cancel calls are answered by `onCancel`.
 */
export function scriptedClient(
  acts: readonly Act[],
  options: Partial<ClientOptions> = {},
  onCancel: Act = async () => Response.json({ cancelled: true }),
): ScriptedClient {
  const attempts: Attempt[] = [];
  const cancels: Cancel[] = [];
  const startedAtMs = Date.now();
  const client = createClient({
    url: "http://sluice.test",
    onUnavailable: "closed",
    ...options,
    fetch: (url, { method, headers, signal, keepalive = false }) => {
      const key = headers["Idempotency-Key"];
      if (method === "DELETE" && url.includes("/acquire")) {
        cancels.push({ atMs: Date.now() - startedAtMs, url, key, keepalive, signal });
        return onCancel(signal);
      }
      const act = acts[Math.min(attempts.length, acts.length - 1)] ?? granted;
      attempts.push({ atMs: Date.now() - startedAtMs, key, signal });
      return act(signal);
    },
  } as ClientOptions);
  return { client, attempts, cancels };
}

/** Advances the fake clock until `promise` settles. Resolves with its value and the time it took. */
export async function settled<Value>(
  promise: Promise<Value>,
): Promise<{ tookMs: number; value: Value }> {
  const startedAtMs = Date.now();
  const ended = new AbortController();
  const done = promise.finally(() => ended.abort());
  done.catch(() => undefined);
  while (!ended.signal.aborted) await vi.advanceTimersByTimeAsync(10);
  return { value: await done, tookMs: Date.now() - startedAtMs };
}
