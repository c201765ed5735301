/** How long the client retries, in virtual time. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import {
  granted,
  broken,
  silent,
  brokenAfter,
  scriptedClient,
  settled,
  type Act,
} from "../../../kit/client/scripted-client.ts";
import { sleep } from "../../../src/client/transport/abort.ts";

beforeEach(() => {
  vi.useFakeTimers();
  // Pauses are as long as they can be.
  vi.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Queued, with a heartbeat each half second, until the connection breaks. */
const waitingUntil = (durationMs: number): Act => {
  return async () => {
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        for (let ms = 0; ms < durationMs; ms += 500) {
          controller.enqueue(new TextEncoder().encode(":\n"));
          await sleep(500, undefined);
        }
        controller.error(new Error("reset"));
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  };
};

describe("a client that is not answered", () => {
  it("pauses longer and longer, with one key, and asks for the last time after ten seconds", async () => {
    const { client, attempts } = scriptedClient([broken]);
    const { value, tookMs } = await settled(client.acquire("x"));
    expect(value).toMatchObject({ ok: false, reason: "unavailable", retryAfterMs: 1_000 });
    expect(attempts.map(({ atMs }) => atMs)).toEqual([
      0, 100, 300, 700, 1_500, 3_100, 6_300, 10_000,
    ]);
    expect(new Set(attempts.map(({ key }) => key)).size).toBe(1);
    expect(tookMs).toBeLessThanOrEqual(10_010);
  });

  it("goes on for as long as it was told", async () => {
    const { client, attempts } = scriptedClient([broken], { retryForMs: 500 });
    const { tookMs } = await settled(client.acquire("x"));
    expect(attempts.map(({ atMs }) => atMs)).toEqual([0, 100, 300, 500]);
    expect(tookMs).toBeLessThanOrEqual(510);
  });

  it("is served by the attempt that it makes at the end", async () => {
    const { client } = scriptedClient([broken, broken, broken, granted], { retryForMs: 500 });
    expect(await settled(client.acquire("x"))).toMatchObject({ value: { ok: true } });
  });

  it("counts from the last sign of life of a wait", async () => {
    const { client, attempts } = scriptedClient([waitingUntil(30_000), broken]);
    await settled(client.acquire("x", { timeoutMs: 60_000 }));
    // The connection breaks half a second after its last heartbeat.
    expect(attempts.at(-1)?.atMs).toBe(30_000 + 10_000 - 500);
  });

  it("asks once where retryForMs is 0", async () => {
    const { client, attempts } = scriptedClient([broken], { retryForMs: 0 });
    await settled(client.acquire("x"));
    expect(attempts).toMatchObject([{ key: undefined }]);
  });

  it("that does not wait asks twice at once, and no more", async () => {
    const { client, attempts } = scriptedClient([broken]);
    const { tookMs } = await settled(client.tryAcquire("x"));
    expect(attempts.map(({ atMs }) => atMs)).toEqual([0, 100]);
    expect(tookMs).toBeLessThanOrEqual(110);
  });

  it("begins nothing when its timeoutMs is over", async () => {
    const { client, attempts } = scriptedClient([broken]);
    const { tookMs } = await settled(client.acquire("x", { timeoutMs: 1_000 }));
    expect(attempts.map(({ atMs }) => atMs)).toEqual([0, 100, 300, 700]);
    expect(tookMs).toBeLessThanOrEqual(1_000);
  });

  it("leaves a request that nobody answers ten seconds after its time", async () => {
    const { client, attempts } = scriptedClient([silent]);
    const { value, tookMs } = await settled(client.acquire("x", { timeoutMs: 3_000 }));
    expect(value).toMatchObject({ reason: "unavailable", detail: "No answer within 2000 ms" });
    expect(attempts.map(({ atMs }) => atMs)).toEqual([0, 13_100]);
    expect(attempts.every(({ signal }) => signal.aborted)).toBe(true);
    expect(tookMs).toBeLessThan(15_200);
  });

  it("that lost its place leaves the new one when its own time is over", async () => {
    const { client, attempts } = scriptedClient([brokenAfter(4_000), silent]);
    const { tookMs } = await settled(client.acquire("x", { timeoutMs: 5_000 }));
    expect(attempts.length).toBe(2);
    // And two seconds, in which an answer may still come.
    expect(tookMs).toBeLessThanOrEqual(7_000);
  });

  it("counts two seconds of an attempt that was held for long", async () => {
    const acts = [brokenAfter(60_000), brokenAfter(60_000), brokenAfter(60_000), granted];
    const { client, attempts } = scriptedClient(acts);
    const { value } = await settled(client.acquire("x"));
    expect(value).toMatchObject({ ok: true });
    expect(attempts.length).toBe(4);
  });

  it("ends some time even where each attempt hangs", async () => {
    const { client, attempts } = scriptedClient([brokenAfter(60_000)]);
    const { value } = await settled(client.acquire("x"));
    expect(value).toMatchObject({ reason: "unavailable" });
    expect(attempts.length).toBeLessThan(8);
  });

  it("does not come back before it is told to, nor at all where that is too late", async () => {
    const busy: Act = async () => {
      return new Response("", { status: 503, headers: { "Retry-After": "3" } });
    };
    const later = scriptedClient([busy, granted]);
    expect(await settled(later.client.acquire("x"))).toMatchObject({ value: { ok: true } });
    expect(later.attempts.map(({ atMs }) => atMs)).toEqual([0, 3_000]);
    const never = scriptedClient([busy, granted]);
    const { value } = await settled(never.client.acquire("x", { timeoutMs: 2_000 }));
    expect(value).toMatchObject({ reason: "unavailable", retryAfterMs: 3_000 });
    expect(never.attempts.length).toBe(1);
    const impatient = scriptedClient([busy, granted], { retryForMs: 2_000 });
    expect(await settled(impatient.client.acquire("x"))).toMatchObject({ value: { ok: false } });
    expect(impatient.attempts.length).toBe(1);
  });

  it("asks again where Sluice itself could not reach the bucket, or failed", async () => {
    const failing = (reason: string): Act => {
      const body = { reason, status: 503, detail: "The bucket could not be reached" };
      return async () => Response.json({ ...body, retryAfterMs: 50 }, { status: 503 });
    };
    const { client } = scriptedClient([failing("unavailable"), failing("internal-error"), granted]);
    expect(await settled(client.acquire("x"))).toMatchObject({ value: { ok: true } });
    const always = scriptedClient([failing("unavailable")], {
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
      const { client, attempts } = scriptedClient([jumping, jumping, granted]);
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
      const { client } = scriptedClient([lying]);
      const { value } = await settled(client.acquire("x"));
      expect(value).toEqual({ ok: false, bucket: "x", tokens: 1, reason: "timeout", detail: "no" });
    },
  );

  it.each(["200", "404", "502"])("takes a page with status %s for no reset", async (status) => {
    const page: Act = async () => new Response("<h1>Welcome</h1>", { status: Number(status) });
    const { client } = scriptedClient([page]);
    const asked = settled(client.reset("x"));
    const reason = status === "502" ? "unavailable" : "unexpected-answer";
    await expect(asked).rejects.toMatchObject({ reason });
  });

  it("keeps no timer and no listener once it is answered", async () => {
    const { client } = scriptedClient([broken, granted]);
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    await settled(client.acquire("x", { signal }));
    expect(vi.getTimerCount()).toBe(0);
    expect(added.mock.calls.length).toBeGreaterThan(0);
    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  });
});
