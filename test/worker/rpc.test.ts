import { reportBusy } from "../../kit/edge/busy-reports.ts";
import { runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import type { AcquireOutcome } from "../../src/client/acquire-outcome.ts";

import { pass, stubOf, uniqueName, useVirtualTimeThroughout } from "../../kit/edge/virtual-time.ts";

useVirtualTimeThroughout();

const ADMIN = { token: "test-admin" };
const sluice = exports.Sluice;

/** What a call rejects with, as it came over RPC. */
async function errorOf(call: PromiseLike<unknown>): Promise<Record<string, unknown>> {
  try {
    await call;
  } catch (error) {
    return error as Record<string, unknown>;
  }
  throw new Error("expected an error: got none");
}

/** Looks until `count` callers wait. */
async function untilWaiting(name: string, count: number): Promise<void> {
  while ((await sluice.inspect(name)).waiters !== count) await scheduler.wait(1);
}

describe("Sluice by RPC", () => {
  it("acquires without a token, and outcomes are values", async () => {
    const name = uniqueName("rpc");
    const granted = await sluice.acquire(name);
    expect(granted).toEqual({
      ok: true,
      bucket: name,
      tokens: 1,
      remaining: 0,
      waitedMs: 0,
      grantedAtMs: Date.now(),
      rateLimit: { policy: "*", capacity: 1, windowSeconds: 1, remaining: 0, resetSeconds: 1 },
    });
    expect(await sluice.tryAcquire(name)).toMatchObject({
      ok: false,
      bucket: name,
      tokens: 1,
      reason: "timeout",
      detail: "Cannot acquire 1 token within 0 ms: the earliest is in 1000 ms",
      retryAfterMs: 1_000,
    });
    expect(await sluice.acquire(name, { tokens: 2 })).toMatchObject({
      ok: false,
      reason: "exceeds-capacity",
    });
  });

  it("holds a caller until its turn", async () => {
    const name = uniqueName("rpc");
    await sluice.acquire(name);
    const held: Promise<AcquireOutcome> = Promise.resolve(sluice.acquire(name));
    await untilWaiting(name, 1);
    await pass(name, 1_000);
    expect(await held).toMatchObject({ ok: true, waitedMs: 1_000 });
  });

  it("sends no key but the caller's own, so that a lease can grant", async () => {
    const keysOf = (name: string): Promise<string[]> => {
      return runInDurableObject(stubOf(name), (_, { storage }) => {
        return [...storage.kv.list({ prefix: "keyed:" })].map(([key]) => key);
      });
    };
    const name = uniqueName("rpc");
    await sluice.acquire(name);
    expect(await keysOf(name)).toEqual([]);
    const keyed = uniqueName("rpc");
    const first = await sluice.acquire(keyed, { idempotencyKey: "mine" });
    expect(await sluice.acquire(keyed, { idempotencyKey: "mine" })).toEqual(first);
    expect(await keysOf(keyed)).toEqual(["keyed:0"]);
    expect(await sluice.inspect(keyed)).toMatchObject({ granted: 1 });
  });

  it("needs an ADMIN_TOKEN for what only an admin may do", async () => {
    const name = uniqueName("rpc");
    for (const call of [
      sluice.setPolicy(name, { capacity: 3 }),
      sluice.setPolicy(name, { capacity: 3 }, { token: "wrong" }),
      sluice.reset(name),
    ]) {
      expect(await errorOf(call)).toMatchObject({ name: "SluiceError", reason: "unauthorized" });
    }
    const changed = await sluice.setPolicy(name, { limit: "5/1m", burst: 3 }, ADMIN);
    expect(changed).toMatchObject({ bucket: name, policy: { capacity: 3, initialTokens: 3 } });
    await sluice.acquire(name, { tokens: 3 });
    const held = Promise.resolve(sluice.acquire(name));
    await untilWaiting(name, 1);
    await sluice.reset(name, ADMIN);
    expect(await held).toMatchObject({ ok: false, reason: "bucket-reset" });
    expect(await sluice.inspect(name)).toMatchObject({ granted: 0, policy: { capacity: 1 } });
  });

  it("lists who waits, and takes one out of the queue", async () => {
    const name = uniqueName("rpc");
    await sluice.acquire(name);
    const held = Promise.resolve(sluice.acquire(name, { label: "job 7" }));
    await untilWaiting(name, 1);
    const list = await sluice.listWaiters(name, { limit: 5 });
    expect(list).toMatchObject({ waiters: [{ position: 1, label: "job 7" }], omitted: 0 });
    const [{ id } = { id: "none" }] = list.waiters;
    const refused = await errorOf(sluice.removeWaiter(name, id));
    expect(refused).toMatchObject({ name: "SluiceError", reason: "unauthorized" });
    expect(await sluice.removeWaiter(name, id, ADMIN)).toBe(true);
    expect(await sluice.removeWaiter(name, id, ADMIN)).toBe(false);
    expect(await held).toMatchObject({ ok: false, reason: "cancelled-by-admin" });
    expect(await errorOf(sluice.listWaiters(name, { limit: 0 }))).toMatchObject({
      name: "RangeError",
    });
  });

  it("lists busy buckets, and has the history of one", async () => {
    const prefix = uniqueName("rpc");
    await reportBusy(`${prefix}/a`);
    await reportBusy(`${prefix}/b`, { waiters: 9 });
    const list = await sluice.listBuckets({ prefix, limit: 1, recent: true });
    const recent = [[10, 0, 2]];
    expect(list).toMatchObject({ buckets: [{ bucket: `${prefix}/b`, recent }], omitted: 1 });
    const all = await sluice.listBuckets();
    expect(all.buckets.length).toBeGreaterThanOrEqual(2);
    expect(await sluice.history(prefix)).toEqual({ intervalMs: 10_000, points: [] });
    expect(await errorOf(sluice.listBuckets({ sort: "x" as never }))).toMatchObject({
      name: "RangeError",
    });
  });

  it("overrides a policy with a note, and takes that back", async () => {
    const name = uniqueName("rpc");
    const tried = await sluice.dryRun(name, { capacity: 3 }, ADMIN);
    expect(await errorOf(sluice.dryRun(name, {}))).toMatchObject({ reason: "unauthorized" });
    const changed = await sluice.setPolicy(name, { capacity: 3 }, { note: "why", ...ADMIN });
    const { override, ...others } = changed;
    expect(tried).toMatchObject({ snapshot: others, refused: [], moved: 0 });
    expect(changed).toMatchObject({ policy: { capacity: 3 }, override: { note: "why" } });
    expect(await errorOf(sluice.dropOverride(name))).toMatchObject({ reason: "unauthorized" });
    expect(await errorOf(sluice.dropOverride(name, { to: "previous", ...ADMIN }))).toMatchObject({
      name: "SluiceError",
      reason: "no-override",
    });
    const dropped = await sluice.dropOverride(name, ADMIN);
    expect(dropped).toMatchObject({ policy: { capacity: 1 } });
    expect(dropped).not.toHaveProperty("override");
  });

  it("takes tokens of several limits, and refusals name the limits", async () => {
    const name = uniqueName("rpc");
    const tpm = { capacity: 100, refillTokens: 100, refillIntervalMs: 60_000 };
    await sluice.setPolicy(name, { capacity: 5, initialTokens: 5, limits: { tpm } }, ADMIN);
    const ask = { limits: { tpm: 70 }, idempotencyKey: "mine" };
    const granted = await sluice.acquire(name, ask);
    expect(granted).toMatchObject({
      tokens: 1,
      remaining: 4,
      limits: { tpm: { tokens: 70, remaining: 30 } },
      rateLimit: { policy: "*", remaining: 4, others: [{ policy: "*/tpm", remaining: 30 }] },
    });
    expect(await sluice.acquire(name, ask)).toEqual(granted);
    expect(await errorOf(sluice.acquire(name, { ...ask, limits: { tpm: 71 } }))).toMatchObject({
      reason: "idempotency-key-reused",
    });
    expect(await sluice.tryAcquire(name, { limits: { tpm: 31 } })).toMatchObject({
      reason: "timeout",
      violatedPolicies: ["*/tpm"],
    });
    expect(await sluice.acquire(name, { limits: { tpm: 101 } })).toMatchObject({
      reason: "exceeds-capacity",
      violatedPolicies: ["*/tpm"],
    });
    expect(await errorOf(sluice.acquire(name, { limits: { tmp: 1 } }))).toMatchObject({
      reason: "invalid-request",
      errors: [{ field: "tokens.tmp", message: '"tmp" is no limit of this bucket: rate, tpm' }],
    });
    expect(await errorOf(sluice.acquire(name, { limits: new Map() as never }))).toMatchObject({
      name: "RangeError",
    });
    const paused = await sluice.pause(name, { untilMs: Date.now() + 5_000, limits: ["tpm"] });
    expect(paused).toMatchObject({ tokens: 4, limits: { tpm: { tokens: 0 } } });
    const changes = { limits: { tpm: null, day: { capacity: 8, every: "day" } } } as const;
    const changed = await sluice.setPolicy(name, changes, ADMIN);
    expect(Object.keys(changed.limits ?? {})).toEqual(["day"]);
  });

  it("pauses without a token", async () => {
    const name = uniqueName("rpc");
    const untilMs = Date.now() + 5_000;
    const paused = await sluice.pause(name, { untilMs });
    expect(paused).toMatchObject({ bucket: name, tokens: 0 });
    expect(await sluice.tryAcquire(name)).toMatchObject({ reason: "timeout" });
  });

  it.each([
    ["a date", new Date(0), "[object Date]"],
    ["a map", new Map([["capacity", 3]]), "[object Map]"],
    ["a set", new Set(), "[object Set]"],
    ["an error", new Error("no"), "[object Error]"],
    ["a list", [], "[]"],
    ["bytes", new Uint8Array(2), "[object Uint8Array]"],
    ["headers", new Headers(), "[object Headers]"],
  ])("takes %s neither for fields nor for options", async (_, value, shown) => {
    const name = uniqueName("rpc");
    const before = await sluice.inspect(name);
    const odd = value as never;
    for (const [call, what] of [
      [() => sluice.setPolicy(name, odd, ADMIN), "policy"],
      [() => sluice.pause(name, odd), "pause"],
      [() => sluice.acquire(name, odd), "options"],
      [() => sluice.tryAcquire(name, odd), "options"],
      [() => sluice.inspect(name, odd), "options"],
      [() => sluice.cancel(name, "key", odd), "options"],
      [() => sluice.reset(name, odd), "options"],
      [() => sluice.setPolicy(name, { capacity: 3 }, odd), "options"],
      [() => sluice.pause(name, { untilMs: 0 }, odd), "options"],
    ] as const) {
      expect(await errorOf(call())).toMatchObject({
        name: "TypeError",
        message: `${what} must be an object: got ${shown}`,
      });
    }
    expect(await sluice.inspect(name)).toEqual(before);
  });

  it("throws what is to be matched by name, with its members", async () => {
    const name = uniqueName("rpc");
    expect(await errorOf(sluice.acquire(name, { tokens: 0 }))).toMatchObject({
      name: "RangeError",
      message:
        "tokens must be at least 1, unless limits.NAME asks for at least 1 of a limit: got 0",
    });
    expect(await errorOf(sluice.acquire("a b"))).toMatchObject({ name: "RangeError" });
    expect(await errorOf(sluice.acquire(name, { timeoutMs: 60_001 }))).toMatchObject({
      name: "SluiceError",
      reason: "invalid-request",
      status: 400,
      errors: [{ field: "timeoutMs" }],
    });
  });
});
