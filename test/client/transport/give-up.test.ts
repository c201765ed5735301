/** What the client sends when an acquire is given up, in virtual time. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { AcquireOutcome, ClientOptions } from "../../../src/client/index.ts";
import {
  granted,
  broken,
  silent,
  brokenAfter,
  scriptedClient,
  settled,
  type Act,
} from "../../../kit/client/scripted-client.ts";

beforeEach(() => {
  vi.useFakeTimers();
  // Pauses are as long as they can be.
  vi.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("giveUp, in a client whose caller leaves", () => {
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
    const { client, attempts, cancels } = scriptedClient([act]);
    await abortAfter(150, (signal) => client.acquire("a/b", { signal, timeoutMs: 30_000 }));
    expect(cancels).toMatchObject([
      { atMs: 150, url: "http://sluice.test/acquire?bucket=a%2Fb", keepalive: true },
    ]);
    expect(cancels[0]?.key).toBe(attempts[0]?.key);
    expect(attempts.length).toBe(1);
  });

  it("tells it so where it cannot be told its place, with its own key", async () => {
    const { client, cancels } = scriptedClient([queued]);
    const onQueued = (): void => {
      throw new Error("deaf");
    };
    const asked = settled(client.acquire("x", { onQueued, idempotencyKey: 'my "key"' }));
    await expect(asked).rejects.toThrow("deaf");
    expect(cancels).toMatchObject([{ key: '"my \\"key\\""' }]);
  });

  it("tells it so where its own time is over, unless the key is the caller's to ask with again", async () => {
    const { client, cancels } = scriptedClient([silent]);
    await settled(client.acquire("x", { timeoutMs: 500 }));
    expect(cancels.length).toBe(1);
    await settled(client.acquire("x", { timeoutMs: 500, idempotencyKey: "mine" }));
    expect(cancels.length).toBe(1);
  });

  it.each<readonly [string, Partial<ClientOptions>, object]>([
    ["it does not wait", {}, { timeoutMs: 0 }],
    ["it has no key", { retryForMs: 0 }, {}],
  ])("says nothing where %s: it just leaves", async (_, options, asked) => {
    const { client, attempts, cancels } = scriptedClient([silent], options);
    await abortAfter(50, (signal) => client.acquire("x", { signal, ...asked }));
    expect(cancels).toEqual([]);
    expect(attempts[0]?.signal.aborted).toBe(true);
  });

  it("says nothing where nothing was sent, where it was answered, and where nobody is there", async () => {
    const early = scriptedClient([silent]);
    await expect(early.client.acquire("x", { signal: AbortSignal.abort() })).rejects.toThrow();
    expect([early.attempts, early.cancels]).toEqual([[], []]);
    const answered = scriptedClient([granted]);
    const controller = new AbortController();
    await settled(answered.client.acquire("x", { signal: controller.signal }));
    controller.abort();
    const busy: Act = async () => {
      return new Response("", { status: 503, headers: { "Retry-After": "9" } });
    };
    const refused = scriptedClient([busy]);
    await abortAfter(50, (signal) => refused.client.acquire("x", { signal }));
    const absent = scriptedClient([broken]);
    await settled(absent.client.acquire("x"));
    await vi.advanceTimersByTimeAsync(10_000);
    expect([answered.cancels, refused.cancels, absent.cancels]).toEqual([[], [], []]);
  });

  it("tries to say it a few times, for two seconds, and rejects with nothing but the reason", async () => {
    const unheard = scriptedClient([silent], {}, broken);
    await abortAfter(10, (signal) => unheard.client.acquire("x", { signal }));
    expect(unheard.cancels.map(({ atMs }) => atMs)).toEqual([10, 110, 310, 710, 1_510, 2_010]);
    expect(unheard.cancels.filter(({ keepalive }) => keepalive).length).toBe(1);
    const stuck = scriptedClient([silent], {}, silent);
    await abortAfter(10, (signal) => stuck.client.acquire("x", { signal }));
    expect(stuck.cancels.length).toBe(1);
    expect(stuck.cancels[0]?.signal.aborted).toBe(true);
    const denied = scriptedClient([silent], {}, async () => new Response("no", { status: 404 }));
    await abortAfter(10, (signal) => denied.client.acquire("x", { signal }));
    expect(denied.cancels.length).toBe(1);
  });

  it("hands what is still to be done to waitUntil", async () => {
    const { client } = scriptedClient([silent], {}, silent);
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
