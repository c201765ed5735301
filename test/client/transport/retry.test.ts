/** How long the client goes on, in virtual time, over a `fetch` of the test's own. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import {
  createClient,
  type AcquireOutcome,
  type ClientOptions,
} from "../../../src/client/index.ts";

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

interface Word {
  readonly atMs: number;
  readonly url: string;
  readonly key: string | undefined;
  readonly keepalive: boolean;
  readonly signal: AbortSignal;
}

interface Attempt {
  readonly atMs: number;
  readonly key: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * A client whose attempts meet these acts, and then the last of them for ever. `words` are the cancels that it
 * sends on the side, which meet `onWord`.
 */
function clientOf(
  acts: readonly Act[],
  options: Partial<ClientOptions> = {},
  onWord: Act = async () => Response.json({ cancelled: true }),
) {
  const attempts: Attempt[] = [];
  const words: Word[] = [];
  const startedAtMs = Date.now();
  const client = createClient({
    url: "http://sluice.test",
    onUnavailable: "closed",
    ...options,
    fetch: (url, { method, headers, signal, keepalive = false }) => {
      const key = headers["Idempotency-Key"];
      if (method === "DELETE" && url.includes("/acquire")) {
        words.push({ atMs: Date.now() - startedAtMs, url, key, keepalive, signal });
        return onWord(signal);
      }
      const act = acts[Math.min(attempts.length, acts.length - 1)] ?? granted;
      attempts.push({ atMs: Date.now() - startedAtMs, key, signal });
      return act(signal);
    },
  } as ClientOptions);
  return { client, attempts, words };
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
    const throwing = { onUnavailable: "throw" } as const;
    const { client, attempts } = clientOf([streaming(10, [text])], throwing);
    const asked = settled(client.acquire("x", { onQueued }));
    await expect(asked).rejects.toMatchObject({
      reason: "unexpected-answer",
      status: 200,
      message: expect.not.stringContaining("NaN"),
    });
    expect(attempts.length).toBe(1);
  });

  it("asks for a stream where the wait may last over a second, and only there", async () => {
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
      client.acquire("x", { timeoutMs: 1_001 }),
      client.acquire("x", { timeoutMs: 0, onQueued: () => undefined }),
      client.acquire("x", { timeoutMs: 1_000 }),
      client.tryAcquire("x"),
    ];
    await Promise.all(asked);
    const either = "text/event-stream, application/json";
    expect(accepts).toEqual([either, either, either, undefined, undefined]);
  });

  it("asks a binding for one where it is told places, or the wait is over a minute", async () => {
    const accepts: (string | null)[] = [];
    const service = {
      fetch: async (request: Request) => {
        accepts.push(request.headers.get("Accept"));
        return Response.json(GRANT);
      },
    };
    const client = createClient({ service });
    await client.acquire("x");
    await client.acquire("x", { timeoutMs: 60_000 });
    await client.acquire("x", { timeoutMs: 60_001 });
    await client.acquire("x", { onQueued: () => undefined });
    const either = "text/event-stream, application/json";
    expect(accepts).toEqual([null, null, either, either]);
  });

  it("hands the fields on that come before the last event", async () => {
    const fields = { RateLimit: '"p";r=2;t=3', "RateLimit-Policy": '"p";q=5;w=60' };
    const events = `event: fields\ndata: ${JSON.stringify(fields)}\n\n${outcome}`;
    const { client } = clientOf([streaming(10, [events])]);
    const { value } = await settled(client.acquire("x"));
    expect(value).toMatchObject({
      ok: true,
      rateLimit: { policy: "p", capacity: 5, windowSeconds: 60, remaining: 2, resetSeconds: 3 },
    });
    const odd = clientOf([streaming(10, [`event: fields\ndata: 7\n\n${outcome}`])]);
    const none = await settled(odd.client.acquire("x"));
    expect(none.value).toMatchObject({ ok: true });
    expect(none.value).not.toHaveProperty("rateLimit");
  });
});

describe("a client that gives an acquire up", () => {
  const encoder = new TextEncoder();
  /** A stream that says a place, and then nothing. */
  const queued: Act = async () => {
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(encoder.encode('event: queued\ndata: {"position":1,"etaMs":9000}\n\n'));
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  };

  /** Aborts after `afterMs`, and lets all that follows happen. */
  async function abortAfter(
    afterMs: number,
    acquire: (signal: AbortSignal) => Promise<AcquireOutcome>,
  ): Promise<void> {
    const controller = new AbortController();
    const reason = new Error("enough");
    const startedAtMs = Date.now();
    let settledAtMs = Infinity;
    const asked = acquire(controller.signal).finally(() => (settledAtMs = Date.now()));
    const caught = asked.catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(afterMs);
    controller.abort(reason);
    await vi.advanceTimersByTimeAsync(0);
    expect(settledAtMs - startedAtMs).toBe(afterMs);
    expect(await caught).toBe(reason);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(vi.getTimerCount()).toBe(0);
  }

  it.each([
    ["held", silent],
    ["followed", queued],
    ["asked again, after its connection broke", brokenAfter(100)],
  ])("that is %s tells the service so, once, with the same key", async (_, act) => {
    const { client, attempts, words } = clientOf([act]);
    await abortAfter(150, (signal) => client.acquire("a/b", { signal, timeoutMs: 30_000 }));
    expect(words).toMatchObject([
      { atMs: 150, url: "http://sluice.test/acquire?bucket=a%2Fb", keepalive: true },
    ]);
    expect(words[0]?.key).toBe(attempts[0]?.key);
    expect(attempts.length).toBe(1);
  });

  it("tells it so where it cannot be told its place, with its own key", async () => {
    const { client, words } = clientOf([queued]);
    const onQueued = (): void => {
      throw new Error("deaf");
    };
    const asked = settled(client.acquire("x", { onQueued, idempotencyKey: 'my "key"' }));
    await expect(asked).rejects.toThrow("deaf");
    expect(words).toMatchObject([{ key: '"my \\"key\\""' }]);
  });

  it("tells it so where its own time is over, unless the key is the caller's to ask with again", async () => {
    const { client, words } = clientOf([silent]);
    await settled(client.acquire("x", { timeoutMs: 500 }));
    expect(words.length).toBe(1);
    await settled(client.acquire("x", { timeoutMs: 500, idempotencyKey: "mine" }));
    expect(words.length).toBe(1);
  });

  it.each<readonly [string, Partial<ClientOptions>, object]>([
    ["it does not wait", {}, { timeoutMs: 0 }],
    ["it has no key", { retryForMs: 0 }, {}],
  ])("says nothing where %s: it just leaves", async (_, options, asked) => {
    const { client, attempts, words } = clientOf([silent], options);
    await abortAfter(50, (signal) => client.acquire("x", { signal, ...asked }));
    expect(words).toEqual([]);
    expect(attempts[0]?.signal.aborted).toBe(true);
  });

  it("says nothing where nothing was sent, where it was answered, and where nobody is there", async () => {
    const early = clientOf([silent]);
    await expect(early.client.acquire("x", { signal: AbortSignal.abort() })).rejects.toThrow();
    expect([early.attempts, early.words]).toEqual([[], []]);
    const answered = clientOf([granted]);
    const controller = new AbortController();
    await settled(answered.client.acquire("x", { signal: controller.signal }));
    controller.abort();
    const busy: Act = async () => {
      return new Response("", { status: 503, headers: { "Retry-After": "9" } });
    };
    const refused = clientOf([busy]);
    await abortAfter(50, (signal) => refused.client.acquire("x", { signal }));
    const absent = clientOf([broken]);
    await settled(absent.client.acquire("x"));
    await vi.advanceTimersByTimeAsync(10_000);
    expect([answered.words, refused.words, absent.words]).toEqual([[], [], []]);
  });

  it("tries to say it a few times, for two seconds, and rejects with nothing but the reason", async () => {
    const unheard = clientOf([silent], {}, broken);
    await abortAfter(10, (signal) => unheard.client.acquire("x", { signal }));
    expect(unheard.words.map(({ atMs }) => atMs)).toEqual([10, 110, 310, 710, 1_510]);
    expect(unheard.words.filter(({ keepalive }) => keepalive).length).toBe(1);
    const stuck = clientOf([silent], {}, silent);
    await abortAfter(10, (signal) => stuck.client.acquire("x", { signal }));
    expect(stuck.words.length).toBe(1);
    expect(stuck.words[0]?.signal.aborted).toBe(true);
    const denied = clientOf([silent], {}, async () => new Response("no", { status: 404 }));
    await abortAfter(10, (signal) => denied.client.acquire("x", { signal }));
    expect(denied.words.length).toBe(1);
  });

  it("hands what is still to be done to waitUntil", async () => {
    const { client } = clientOf([silent], {}, silent);
    const kept: Promise<unknown>[] = [];
    const waitUntil = (promise: Promise<unknown>): void => void kept.push(promise);
    await abortAfter(10, (signal) => client.acquire("x", { signal, waitUntil }));
    expect(kept.length).toBe(1);
    await kept[0];
    const failing = (): void => {
      throw new Error("too late");
    };
    await abortAfter(10, (signal) => client.acquire("x", { signal, waitUntil: failing }));
  });
});
