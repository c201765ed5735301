/** Acquires whose answer is streamed, in virtual time. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { createClient, type AcquireOutcome } from "../../../src/client/index.ts";
import {
  GRANT,
  granted,
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

describe("followStream, in a client that waits", () => {
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
    const { client, attempts } = scriptedClient([streaming(10, [": hello\n\n"]), granted]);
    const { value } = await settled(client.acquire("x", { onQueued }));
    expect(value).toMatchObject({ ok: true });
    expect(attempts.length).toBe(2);
    expect(attempts[1]?.atMs).toBeGreaterThan(10_000);
    expect(attempts[1]?.atMs).toBeLessThan(10_300);
  });

  it("waits for as long as a heartbeat comes", async () => {
    const heartbeats = Array.from({ length: 200 }, () => ": \n\n");
    const { client, attempts } = scriptedClient([streaming(9_000, [...heartbeats, outcome])]);
    const { value, tookMs } = await settled(client.acquire("x", { onQueued }));
    expect(value).toMatchObject({ ok: true });
    expect(attempts.length).toBe(1);
    expect(tookMs).toBeGreaterThan(1_800_000);
  });

  it("has all its patience again after each sign of life", async () => {
    const cut = streaming(2_000, [": \n\n"]);
    const acts = [...Array.from({ length: 20 }, () => cut), streaming(10, [outcome])];
    const { client, attempts } = scriptedClient(acts);
    const { value } = await settled(client.acquire("x", { onQueued }));
    expect(value).toMatchObject({ ok: true });
    expect(attempts.length).toBe(21);
  });

  it("ends in time though comments never end", async () => {
    const comments = Array.from({ length: 100_000 }, () => ": still here\n\n");
    const { client, attempts } = scriptedClient([streaming(500, comments)]);
    const asked = client.acquire("x", { onQueued, timeoutMs: 5_000 });
    const { value, tookMs } = await settled(asked);
    expect(value).toMatchObject({ reason: "unavailable" });
    expect(attempts.length).toBe(2);
    expect(tookMs).toBeLessThan(17_500);
  });

  it.each([
    ["a refusal without a status", 'event: refused\ndata: {"detail":"no"}\n\n'],
    ["a refusal that is no JSON", "event: refused\ndata: no\n\n"],
    ["a grant of cancels", 'event: granted\ndata: {"tokens":"two"}\n\n'],
    ["a place that is none", 'event: queued\ndata: {"position":"first"}\n\n'],
    ["an event that is too long", `event: queued\ndata: ${"x".repeat(70_000)}\n\n`],
  ])("takes %s for no answer of Sluice", async (_, text) => {
    const throwing = { onUnavailable: "throw" } as const;
    const { client, attempts } = scriptedClient([streaming(10, [text])], throwing);
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
    const { client } = scriptedClient([streaming(10, [events])]);
    const { value } = await settled(client.acquire("x"));
    expect(value).toMatchObject({
      ok: true,
      rateLimit: { policy: "p", capacity: 5, windowSeconds: 60, remaining: 2, resetSeconds: 3 },
    });
    const odd = scriptedClient([streaming(10, [`event: fields\ndata: 7\n\n${outcome}`])]);
    const none = await settled(odd.client.acquire("x"));
    expect(none.value).toMatchObject({ ok: true });
    expect(none.value).not.toHaveProperty("rateLimit");
  });
});
