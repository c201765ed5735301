/** How long the client goes on, in virtual time, over a `fetch` of the test's own. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { createClient, type AcquireOutcome, type ClientOptions } from "../../src/client/index.ts";

const GRANT = { bucket: "x", tokens: 1, remaining: 0, waitedMs: 0, grantedAtMs: 5 };

/** What the other side does with an attempt; `signal` is the attempt's. */
type Act = (signal: AbortSignal) => Promise<Response>;

const granted: Act = async () => Response.json(GRANT);
const broken: Act = () => Promise.reject(new TypeError("fetch failed"));
/** Holds the request, until it is left. */
const silent: Act = (signal) => {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
};
/** Breaks after so long. */
const brokenAfter = (durationMs: number): Act => {
  return () => new Promise((_, reject) => setTimeout(reject, durationMs, new Error("reset")));
};

interface Attempt {
  readonly atMs: number;
  readonly key: string | undefined;
  readonly signal: AbortSignal;
}

/** A client whose attempts meet these acts, and then the last of them for ever. */
function clientOf(acts: readonly Act[], options: Partial<ClientOptions> = {}) {
  const attempts: Attempt[] = [];
  const startedAtMs = Date.now();
  const client = createClient({
    url: "http://sluice.test",
    onUnavailable: "closed",
    ...options,
    fetch: (_, { headers, signal }) => {
      const act = acts[Math.min(attempts.length, acts.length - 1)] ?? granted;
      attempts.push({ atMs: Date.now() - startedAtMs, key: headers["Idempotency-Key"], signal });
      return act(signal);
    },
  } as ClientOptions);
  return { client, attempts };
}

/** Lets time pass until `promise` settles; how long that took, and what came of it. */
async function settled<Value>(promise: Promise<Value>): Promise<{ tookMs: number; value: Value }> {
  const startedAtMs = Date.now();
  const ended = new AbortController();
  const done = promise.finally(() => ended.abort());
  done.catch(() => undefined);
  while (!ended.signal.aborted) await vi.advanceTimersByTimeAsync(10);
  return { value: await done, tookMs: Date.now() - startedAtMs };
}

beforeEach(() => {
  vi.useFakeTimers();
  // Pauses are as long as they can be.
  vi.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("a client that is not answered", () => {
  it("pauses longer and longer, with one key, for ten seconds", async () => {
    const { client, attempts } = clientOf([broken]);
    const { value, tookMs } = await settled(client.acquire("x"));
    expect(value).toMatchObject({ ok: false, reason: "unavailable", retryAfterMs: 1_000 });
    expect(attempts.map(({ atMs }) => atMs)).toEqual([0, 100, 300, 700, 1_500, 3_100, 6_300]);
    expect(new Set(attempts.map(({ key }) => key)).size).toBe(1);
    expect(tookMs).toBeLessThanOrEqual(10_000);
  });

  it("goes on for as long as it was told", async () => {
    const { client, attempts } = clientOf([broken], { retryForMs: 500 });
    const { tookMs } = await settled(client.acquire("x"));
    expect(attempts.length).toBe(3);
    expect(tookMs).toBeLessThanOrEqual(500);
  });

  it("asks once where retryForMs is 0", async () => {
    const { client, attempts } = clientOf([broken], { retryForMs: 0 });
    await settled(client.acquire("x"));
    expect(attempts).toMatchObject([{ key: undefined }]);
  });

  it("that does not wait asks twice at once, and no more", async () => {
    const { client, attempts } = clientOf([broken]);
    const { tookMs } = await settled(client.tryAcquire("x"));
    expect(attempts.map(({ atMs }) => atMs)).toEqual([0, 100]);
    expect(tookMs).toBeLessThanOrEqual(110);
  });

  it("begins nothing when its timeoutMs is over", async () => {
    const { client, attempts } = clientOf([broken]);
    const { tookMs } = await settled(client.acquire("x", { timeoutMs: 1_000 }));
    expect(attempts.map(({ atMs }) => atMs)).toEqual([0, 100, 300, 700]);
    expect(tookMs).toBeLessThanOrEqual(1_000);
  });

  it("leaves a request that nobody answers ten seconds after its time", async () => {
    const { client, attempts } = clientOf([silent]);
    const { value, tookMs } = await settled(client.acquire("x", { timeoutMs: 3_000 }));
    expect(value).toMatchObject({ reason: "unavailable", detail: "No answer within 2000 ms" });
    expect(attempts.map(({ atMs }) => atMs)).toEqual([0, 13_100]);
    expect(attempts.every(({ signal }) => signal.aborted)).toBe(true);
    expect(tookMs).toBeLessThan(15_200);
  });

  it("that lost its place leaves the new one when its own time is over", async () => {
    const { client, attempts } = clientOf([brokenAfter(4_000), silent]);
    const { tookMs } = await settled(client.acquire("x", { timeoutMs: 5_000 }));
    expect(attempts.length).toBe(2);
    // And two seconds, in which an answer may still come.
    expect(tookMs).toBeLessThanOrEqual(7_000);
  });

  it("counts two seconds of an attempt that was held for long", async () => {
    const acts = [brokenAfter(60_000), brokenAfter(60_000), brokenAfter(60_000), granted];
    const { client, attempts } = clientOf(acts);
    const { value } = await settled(client.acquire("x"));
    expect(value).toMatchObject({ ok: true });
    expect(attempts.length).toBe(4);
  });

  it("ends some time even where each attempt hangs", async () => {
    const { client, attempts } = clientOf([brokenAfter(60_000)]);
    const { value } = await settled(client.acquire("x"));
    expect(value).toMatchObject({ reason: "unavailable" });
    expect(attempts.length).toBeLessThan(8);
  });

  it("does not come back before it is told to, nor at all where that is too late", async () => {
    const busy: Act = async () => {
      return new Response("", { status: 503, headers: { "Retry-After": "3" } });
    };
    const later = clientOf([busy, granted]);
    expect(await settled(later.client.acquire("x"))).toMatchObject({ value: { ok: true } });
    expect(later.attempts.map(({ atMs }) => atMs)).toEqual([0, 3_000]);
    const never = clientOf([busy, granted]);
    const { value } = await settled(never.client.acquire("x", { timeoutMs: 2_000 }));
    expect(value).toMatchObject({ reason: "unavailable", retryAfterMs: 3_000 });
    expect(never.attempts.length).toBe(1);
  });

  it("asks again where Sluice itself could not reach the bucket, or failed", async () => {
    const failing = (reason: string): Act => {
      const body = { reason, status: 503, detail: "The bucket could not be reached" };
      return async () => Response.json({ ...body, retryAfterMs: 50 }, { status: 503 });
    };
    const { client } = clientOf([failing("unavailable"), failing("internal-error"), granted]);
    expect(await settled(client.acquire("x"))).toMatchObject({ value: { ok: true } });
    const always = clientOf([failing("unavailable")], {
      onUnavailable: "throw",
      retryForMs: 1_000,
    });
    await expect(settled(always.client.acquire("x"))).rejects.toMatchObject({
      name: "SluiceError",
      message: "unavailable: The bucket could not be reached",
      status: 503,
    });
  });

  it.each([-86_400_000, 86_400_000])(
    "does not care for a clock that jumps %d ms",
    async (jumpMs) => {
      const jumping: Act = (signal) => {
        vi.setSystemTime(Date.now() + jumpMs);
        return silent(signal);
      };
      const { client, attempts } = clientOf([jumping, jumping, granted]);
      let isSettled = false;
      const asked = client.acquire("x", { timeoutMs: 3_000 }).finally(() => (isSettled = true));
      await vi.advanceTimersByTimeAsync(15_100);
      expect(isSettled).toBe(true);
      expect(await asked).toMatchObject({ reason: "unavailable" });
      expect(attempts.length).toBe(2);
    },
  );

  it.each(["1e400", "-5", '"soon"', "null"])(
    "makes nothing of a retryAfterMs of %s",
    async (text) => {
      const body = `{"status":429,"reason":"timeout","detail":"no","retryAfterMs":${text}}`;
      const lying: Act = async () => new Response(body, { status: 429 });
      const { client } = clientOf([lying]);
      const { value } = await settled(client.acquire("x"));
      expect(value).toEqual({ ok: false, bucket: "x", tokens: 1, reason: "timeout", detail: "no" });
    },
  );

  it.each(["200", "404", "502"])("takes a page with status %s for no reset", async (status) => {
    const page: Act = async () => new Response("<h1>Welcome</h1>", { status: Number(status) });
    const { client } = clientOf([page]);
    const asked = settled(client.reset("x"));
    const reason = status === "502" ? "unavailable" : "unexpected-answer";
    await expect(asked).rejects.toMatchObject({ reason });
  });

  it("keeps no timer and no listener once it is answered", async () => {
    const { client } = clientOf([broken, granted]);
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    await settled(client.acquire("x", { signal }));
    expect(vi.getTimerCount()).toBe(0);
    expect(added.mock.calls.length).toBeGreaterThan(0);
    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  });
});

describe("a client that follows a stream", () => {
  const encoder = new TextEncoder();
  /** An event stream that sends a piece every `everyMs`, and then nothing. */
  const streaming = (everyMs: number, pieces: readonly string[]): Act => {
    return async () => {
      let sent = 0;
      const body = new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, everyMs));
          const piece = pieces[sent];
          sent += 1;
          if (piece === undefined) await new Promise(() => undefined);
          controller.enqueue(encoder.encode(piece));
        },
      });
      return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
    };
  };
  const outcome = `event: granted\ndata: ${JSON.stringify(GRANT)}\n\n`;
  const onQueued = (): void => undefined;

  it("asks again where nothing is heard for ten seconds", async () => {
    const { client, attempts } = clientOf([streaming(10, [": hello\n\n"]), granted]);
    const { value } = await settled(client.acquire("x", { onQueued }));
    expect(value).toMatchObject({ ok: true });
    expect(attempts.length).toBe(2);
    expect(attempts[1]?.atMs).toBeGreaterThan(10_000);
    expect(attempts[1]?.atMs).toBeLessThan(10_300);
  });

  it("waits for as long as a heartbeat comes", async () => {
    const heartbeats = Array.from({ length: 200 }, () => ": \n\n");
    const { client, attempts } = clientOf([streaming(9_000, [...heartbeats, outcome])]);
    const { value, tookMs } = await settled(client.acquire("x", { onQueued }));
    expect(value).toMatchObject({ ok: true });
    expect(attempts.length).toBe(1);
    expect(tookMs).toBeGreaterThan(1_800_000);
  });

  it("has all its patience again after each sign of life", async () => {
    const cut = streaming(2_000, [": \n\n"]);
    const acts = [...Array.from({ length: 20 }, () => cut), streaming(10, [outcome])];
    const { client, attempts } = clientOf(acts);
    const { value } = await settled(client.acquire("x", { onQueued }));
    expect(value).toMatchObject({ ok: true });
    expect(attempts.length).toBe(21);
  });

  it("ends in time though comments never end", async () => {
    const comments = Array.from({ length: 100_000 }, () => ": still here\n\n");
    const { client, attempts } = clientOf([streaming(500, comments)]);
    const asked = client.acquire("x", { onQueued, timeoutMs: 5_000 });
    const { value, tookMs } = await settled(asked);
    expect(value).toMatchObject({ reason: "unavailable" });
    expect(attempts.length).toBe(2);
    expect(tookMs).toBeLessThan(17_500);
  });

  it.each([
    ["a refusal without a status", 'event: refused\ndata: {"detail":"no"}\n\n'],
    ["a refusal that is no JSON", "event: refused\ndata: no\n\n"],
    ["a grant of words", 'event: granted\ndata: {"tokens":"two"}\n\n'],
    ["a place that is none", 'event: queued\ndata: {"position":"first"}\n\n'],
    ["an event that is too long", `event: queued\ndata: ${"x".repeat(70_000)}\n\n`],
  ])("takes %s for no answer of Sluice", async (_, text) => {
    const { client, attempts } = clientOf([streaming(10, [text])]);
    const asked = settled(client.acquire("x", { onQueued }));
    await expect(asked).rejects.toMatchObject({
      reason: "unexpected-answer",
      status: 200,
      message: expect.not.stringContaining("NaN"),
    });
    expect(attempts.length).toBe(1);
  });

  it("asks for a stream where the wait may be long, and only there", async () => {
    const accepts: (string | undefined)[] = [];
    const client = createClient({
      url: "http://sluice.test",
      fetch: async (_, { headers }) => {
        accepts.push(headers["Accept"]);
        return Response.json(GRANT);
      },
    });
    const asked: Promise<AcquireOutcome>[] = [
      client.acquire("x"),
      client.acquire("x", { timeoutMs: 60_000 }),
      client.acquire("x", { timeoutMs: 60_001 }),
      client.tryAcquire("x"),
    ];
    await Promise.all(asked);
    expect(accepts).toEqual([undefined, undefined, "text/event-stream", undefined]);
  });
});
