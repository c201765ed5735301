import { afterEach, describe, expect, it, vi } from "vitest";

import type { FakeSluiceOptions } from "../../src/testing/index.ts";

import { createClient, createPacedFetch, withHold, withPermit } from "../../src/client/index.ts";
import { createFakeSluice } from "../../src/testing/index.ts";

const START_AT_MS = Date.UTC(2030, 0, 31, 23, 59, 59);

const policies = {
  "one:*": { capacity: 1, refillTokens: 1, refillInterval: "1s", maxWait: "1h" },
  "daily:*": { capacity: 2, every: "day" },
  "held:*": { capacity: 10, every: "month", hold: { max: "10m" } },
  "single:*": {
    capacity: 10,
    every: "month",
    maxWait: "1h",
    concurrency: { max: 1, ttl: "30s" },
  },
} as const satisfies FakeSluiceOptions["policies"];

function openFake(): ReturnType<typeof createFakeSluice> {
  return createFakeSluice({ policies, startAtMs: START_AT_MS });
}

afterEach(() => {
  vi.useRealTimers();
});

describe("the clock of a fake", () => {
  it("grants each waiter at its own tick, and nothing before", async () => {
    const fake = openFake();
    const grants: [number, number][] = [];
    for (const number of [0, 1, 2, 3]) {
      void fake.client.acquire("one:x").then(() => grants.push([number, fake.now()]));
    }
    await fake.advance(999);
    expect(grants).toEqual([[0, START_AT_MS]]);
    await fake.advance(2_001);
    const ticks = [1, 2, 3].map((number) => [number, START_AT_MS + number * 1_000]);
    expect(grants.slice(1)).toEqual(ticks);
    expect(fake.now()).toBe(START_AT_MS + 3_000);
  });

  it("a caller that asks again after its grant does so at the instant of the grant", async () => {
    const fake = openFake();
    const grantedAtMs: number[] = [];
    const work = async (): Promise<void> => {
      for (let round = 0; round < 4; round += 1) {
        const outcome = await fake.client.acquire("one:x");
        if (outcome.ok) grantedAtMs.push(outcome.grantedAtMs - START_AT_MS);
      }
    };
    void work();
    await fake.advance(10_000);
    expect(grantedAtMs).toEqual([0, 1_000, 2_000, 3_000]);
  });

  it("runs with a library's fake timers, which it doesn't need", async () => {
    vi.useFakeTimers();
    const fake = openFake();
    await fake.client.acquire("one:x");
    const second = fake.client.acquire("one:x");
    await fake.advance(1_000);
    expect(await second).toMatchObject({ ok: true, waitedMs: 1_000 });
  });

  it("a wait that is streamed ends as well", async () => {
    const fake = openFake();
    await fake.client.acquire("one:x");
    const places: number[] = [];
    const onQueued = ({ position }: { position: number }): unknown => places.push(position);
    const waiting = [1, 2].map(() => fake.client.acquire("one:x", { onQueued }));
    await fake.advance(0);
    expect(places).toEqual([1, 2]);
    await fake.advance(2_000);
    expect((await Promise.all(waiting)).map(({ ok }) => ok)).toEqual([true, true]);
  });

  it("stays within what a Date can be", async () => {
    const fake = openFake();
    const mostMs = 8.64e15 - START_AT_MS;
    await expect(fake.advance(mostMs + 1)).rejects.toThrow(`from 0 to ${mostMs}: got`);
    await fake.advance(mostMs);
    expect(new Date(fake.now()).getTime()).toBe(8.64e15);
  });

  it("turns a calendar's page", async () => {
    const fake = openFake();
    await fake.client.acquire("daily:x", { tokens: 2 });
    expect(await fake.client.tryAcquire("daily:x")).toMatchObject({ retryAfterMs: 1_000 });
    await fake.advance(1_000);
    expect(await fake.client.tryAcquire("daily:x")).toMatchObject({ ok: true, remaining: 1 });
  });

  it("ends a permit that nobody extends", async () => {
    const fake = openFake();
    await fake.client.acquire("single:x");
    const next = fake.client.acquire("single:x");
    await fake.advance(29_999);
    expect((await fake.client.inspect("single:x")).waiters).toBe(1);
    await fake.advance(1);
    expect(await next).toMatchObject({ ok: true, waitedMs: 30_000 });
  });

  it.each([-1, 0.5, Number.NaN])("can't be moved by %s ms", async (durationMs) => {
    await expect(openFake().advance(durationMs)).rejects.toThrow(RangeError);
  });
});

describe("the verbs on a fake", () => {
  it("withHold settles what was used", async () => {
    const { client } = openFake();
    const outcome = await withHold(client, "held:x", { tokens: 8 }, (hold) => hold.used(3));
    expect(outcome.ok).toBe(true);
    expect(await client.inspect("held:x")).toMatchObject({ tokens: 7 });
  });

  it.each(["its client", "a client of one's own"])(
    "withHold extends by the fake's clock: %s",
    async (which) => {
      const fake = openFake();
      const { service } = fake;
      const client = which === "its client" ? fake.client : createClient({ service });
      const held: unknown[] = [];
      // Into the next month.
      await fake.advance(1_000);
      const working = withHold(client, "held:x", { tokens: 8 }, async (hold) => {
        for (const durationMs of [59_000, 90_000, 600_000]) {
          await fake.advance(durationMs);
          held.push((await client.inspect("held:x")).heldTokens?.["rate"]);
        }
        hold.used(3);
      });
      expect(await working).toMatchObject({ ok: true });
      expect(held).toEqual([8, 8, 8]);
      expect(await client.inspect("held:x")).toMatchObject({ tokens: 7, heldTokens: { rate: 0 } });
    },
  );

  it("withPermit keeps its permit by the fake's clock, and loses it as in production", async () => {
    const fake = openFake();
    const lost = withPermit(fake.client, "single:x", {}, async ({ signal }) => {
      await fake.advance(120_000);
      const wasKept = !signal.aborted;
      fake.goDown();
      await fake.advance(31_000);
      fake.comeBack();
      return [wasKept, String(signal.reason)];
    });
    expect(await lost).toMatchObject({ value: [true, expect.stringMatching("PermitLostError")] });
  });

  it("withPermit gives the permit back", async () => {
    const fake = openFake();
    let running = 0;
    const run = (): Promise<unknown> =>
      withPermit(fake.client, "single:x", {}, async () => {
        running += 1;
        expect(running).toBe(1);
        await fake.advance(0);
        running -= 1;
      });
    await Promise.all([run(), run(), run()]);
    expect(await fake.client.inspect("single:x")).toMatchObject({ permits: { held: 0 } });
  });

  it("a paced fetch pauses its bucket", async () => {
    const fake = openFake();
    const answers = [new Response(null, { status: 429, headers: { "Retry-After": "30" } })];
    const pacedFetch = createPacedFetch({
      client: fake.client,
      bucket: "one:x",
      fetch: async () => answers.pop() ?? new Response("done"),
    });
    const response = pacedFetch("https://api.example.com/");
    await fake.advance(29_000);
    expect((await fake.client.inspect("one:x")).waiters).toBe(1);
    await fake.advance(2_000);
    expect(await (await response).text()).toBe("done");
  });

  it("operators can change, list and reset, without a key", async () => {
    const { client } = openFake();
    expect((await client.setPolicy("one:x", { capacity: 7 })).policy.capacity).toBe(7);
    expect((await client.dropOverride("one:x")).policy.capacity).toBe(1);
    expect(await client.listBuckets()).toMatchObject({ buckets: [] });
    await client.acquire("one:x");
    await client.reset("one:x");
    expect(await client.tryAcquire("one:x")).toMatchObject({ ok: true });
  });

  it("an aborted wait frees its place", async () => {
    const fake = openFake();
    await fake.client.acquire("one:x");
    const controller = new AbortController();
    const waiting = fake.client.acquire("one:x", { signal: controller.signal });
    await fake.advance(0);
    controller.abort();
    await expect(waiting).rejects.toThrow("aborted");
    await fake.advance(0);
    expect(await fake.client.inspect("one:x")).toMatchObject({ waiters: 0, cancelled: 1 });
  });
});

describe("what a test can do to a fake", () => {
  it("refuseNext refuses the next acquire of its bucket alone, and takes nothing", async () => {
    const fake = openFake();
    fake.refuseNext("one:x", "timeout", 5_000);
    expect(await fake.client.acquire("one:y")).toMatchObject({ ok: true });
    const refused = await fake.client.acquire("one:x", { tokens: 1 });
    expect(refused).toMatchObject({ ok: false, reason: "timeout", retryAfterMs: 5_000 });
    expect(await fake.client.acquire("one:x")).toMatchObject({ ok: true });
  });

  it("goDown ends waits and calls, as the client's onUnavailable says", async () => {
    const fake = openFake();
    const { service } = fake;
    const options = { service, retryForMs: 0, onError: (): void => undefined };
    await fake.client.acquire("one:x");
    const waiting = fake.client.acquire("one:x");
    await fake.advance(0);
    fake.goDown();
    await expect(waiting).rejects.toMatchObject({ name: "SluiceError", reason: "unavailable" });
    await expect(fake.client.inspect("one:x")).rejects.toThrow("down");
    const open = createClient({ ...options, onUnavailable: "open" });
    expect(await open.acquire("one:x")).toMatchObject({ ok: true, isUnmetered: true });
    const closed = createClient({ ...options, onUnavailable: "closed" });
    expect(await closed.acquire("one:x")).toMatchObject({ ok: false, reason: "unavailable" });
    fake.comeBack();
    expect(await fake.client.inspect("one:x")).toMatchObject({ tokens: 0, waiters: 0 });
  });

  it.each([
    ["a wait", {}],
    ["a wait that is streamed", { onQueued: (): void => undefined }],
  ])(
    "goDown ends %s under a library's fake timers",
    async (_, options) => {
      vi.useFakeTimers();
      const fake = openFake();
      await fake.client.acquire("one:x");
      const waiting = fake.client.acquire("one:x", options);
      await fake.advance(0);
      fake.goDown();
      await expect(waiting).rejects.toMatchObject({ name: "SluiceError", reason: "unavailable" });
    },
    5_000,
  );

  it("callers don't come back by themselves if goDown is followed by comeBack at once", async () => {
    // Or a busy machine would have no time left for a retry.
    vi.useFakeTimers({ toFake: ["performance"] });
    const fake = openFake();
    await fake.client.acquire("one:x");
    const waiting = fake.client.acquire("one:x");
    await fake.advance(0);
    fake.goDown();
    fake.comeBack();
    await expect(waiting).rejects.toMatchObject({ name: "SluiceError", reason: "unavailable" });
    expect(await fake.client.inspect("one:x")).toMatchObject({ waiters: 0 });
  }, 5_000);

  it("goDown ends a wait that is streamed at once, and nothing waits for it afterwards", async () => {
    const error = vi.spyOn(console, "error");
    const fake = openFake();
    await fake.client.acquire("one:x");
    const waiting = fake.client.acquire("one:x", { onQueued: () => undefined });
    await fake.advance(0);
    fake.goDown();
    await expect(waiting).rejects.toMatchObject({ name: "SluiceError", reason: "unavailable" });
    fake.comeBack();
    await fake.advance(0);
    expect(await fake.client.inspect("one:x")).toMatchObject({ waiters: 0 });
    expect(error).not.toHaveBeenCalled();
    error.mockRestore();
  });

  it("has metrics, by its own clock", async () => {
    const fake = openFake();
    await fake.client.acquire("one:x");
    void fake.client.acquire("one:x");
    await fake.advance(500);
    const response = await fake.service.fetch(new Request("http://x/metrics?bucket=one:x"));
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('sluice_oldest_wait_seconds{bucket="one:x"} 0.5\n');
  });

  it("has no leases, whatever the policy says", async () => {
    const lease = { maxTokens: 5, ttl: "5s" } as const;
    const lent = { capacity: 10, refillTokens: 10, refillInterval: "1s", lease } as const;
    const fake = createFakeSluice({ policies: { lent }, startAtMs: START_AT_MS });
    const client = createClient({ service: fake.service, retryForMs: 0 });
    for (let count = 0; count < 10; count += 1) {
      expect(await client.tryAcquire("lent")).toMatchObject({ ok: true });
    }
    expect(await client.tryAcquire("lent")).toMatchObject({ ok: false });
    await fake.advance(1_000);
    expect(await client.inspect("lent")).toMatchObject({ tokens: 10 });
  });

  it("refuses WebSockets without a word, and the client sends requests", async () => {
    const error = vi.spyOn(console, "error");
    const { service } = openFake();
    const client = createClient({ service, transport: "session" });
    expect(await client.acquire("one:x")).toMatchObject({ ok: true });
    expect(error).not.toHaveBeenCalled();
    error.mockRestore();
  });

  it.each(["unavailable", "permit-lost", "nope", undefined])(
    "refuseNext says that a bucket never refuses with %s",
    (reason) => {
      expect(() => openFake().refuseNext("one:x", reason as "timeout")).toThrow(
        `cancelled-by-admin: got ${reason === undefined ? "undefined" : `"${reason}"`}`,
      );
    },
  );

  it("an illegal policy or start throws, and names the field", () => {
    const illegal = { x: { capacity: 0, refillTokens: 1, refillInterval: "1s" } } as const;
    expect(() => createFakeSluice({ policies: illegal })).toThrow("capacity");
    expect(() => createFakeSluice({ policies, startAtMs: -1 })).toThrow("startAtMs");
    const fake = openFake();
    expect(() => fake.refuseNext("x", "timeout", 0)).toThrow("retryAfterMs");
    expect(() => fake.refuseNext("x:*", "timeout")).toThrow("bucket must be 1 to 128");
  });

  it("a bucket that no policy matches is unknown", async () => {
    const { client } = openFake();
    await expect(client.acquire("two:x")).rejects.toMatchObject({ reason: "unknown-bucket" });
  });

  it("fakes don't share anything", async () => {
    const [one, other] = [openFake(), openFake()];
    await one.client.acquire("one:x");
    expect(await other.client.tryAcquire("one:x")).toMatchObject({ ok: true });
    await one.advance(5_000);
    expect(other.now()).toBe(START_AT_MS);
  });
});
