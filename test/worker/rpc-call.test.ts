/** What a call by RPC makes of failures and of its caller; the verbs are in rpc.test.ts. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { AcquireOptions } from "../../src/client/client.ts";
import type { SluiceEnv } from "../../src/worker/config/env.ts";

import { acquireTokens, callBucket } from "../../src/worker/rpc-call.ts";
import { ONE_A_SECOND } from "../../kit/edge/deployed.ts";
import { settle, snapshotOf } from "../../kit/edge/surfaces.ts";
import { pass, uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime();
beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** The environment of a deployment whose objects answer as the test says. */
function withObjects(object: object): SluiceEnv {
  return { ...env, BUCKETS: { getByName: () => object } as never };
}

const overloaded = withObjects({
  fetch: () => Promise.reject(Object.assign(new Error("overloaded"), { overloaded: true })),
  inspect: () => Promise.reject(Object.assign(new Error("overloaded"), { overloaded: true })),
});

async function errorOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => "no error",
    (error: unknown) => error,
  );
}

function acquire(name: string, options: AcquireOptions = {}): ReturnType<typeof acquireTokens> {
  return acquireTokens(env, name, options);
}

async function untilWaiting(name: string): Promise<void> {
  while ((await snapshotOf(name)).waiters === 0) await settle();
}

describe("a bucket that can't be reached", () => {
  it("refuses an acquire as unavailable, and says when to come back", async () => {
    expect(await acquireTokens(overloaded, "x", { tokens: 3 })).toEqual({
      ok: false,
      bucket: "x",
      tokens: 3,
      reason: "unavailable",
      detail: "The bucket could not be reached",
      retryAfterMs: 1_000,
    });
  });

  it("throws from any other call", async () => {
    const call = callBucket(overloaded, { right: "read", bucket: "x" }, (bucket) => {
      return bucket.inspect();
    });
    expect(await errorOf(call)).toMatchObject({
      name: "SluiceError",
      reason: "unavailable",
      detail: "The bucket could not be reached",
      status: 503,
    });
  });
});

describe("a snapshot", () => {
  it("has no disposer, which its caller would have to call", async () => {
    const call = { right: "read", bucket: uniqueName("rpc") } as const;
    const snapshot = await callBucket(env, call, (bucket) => bucket.inspect());
    expect(snapshot).toMatchObject({ bucket: call.bucket, granted: 0 });
    expect(Object.getOwnPropertySymbols(snapshot)).toEqual([]);
  });
});

describe("a failure of Sluice itself", () => {
  it("is unavailable, too, and says nothing of itself", async () => {
    const call = callBucket(env, { right: "read", bucket: "x" }, () => {
      return Promise.reject(new Error("secret"));
    });
    expect(await errorOf(call)).toMatchObject({
      message: "unavailable: Sluice failed to handle this request",
      status: 500,
    });
  });
});

describe("a refusal", () => {
  it("of an illegal configuration is thrown by an acquire", async () => {
    const illegal: SluiceEnv = { ...env, POLICIES: { "*": { ...ONE_A_SECOND, capacity: 0 } } };
    expect(await errorOf(acquireTokens(illegal, "x", {}))).toMatchObject({
      name: "SluiceError",
      reason: "illegal-configuration",
      detail: expect.stringContaining("capacity must be an integer"),
      status: 500,
    });
  });

  it("of a bucket without a policy is thrown", async () => {
    const none: SluiceEnv = { ...env, POLICIES: { "a:*": ONE_A_SECOND } };
    expect(await errorOf(acquireTokens(none, "b", {}))).toMatchObject({
      reason: "unknown-bucket",
      detail: 'No policy matches "b"',
      status: 404,
      errors: undefined,
    });
  });

  it("of an admin call without ADMIN_TOKEN is thrown", async () => {
    const closed: SluiceEnv = { ...env, ADMIN_TOKEN: "" };
    const call = callBucket(closed, { right: "admin", bucket: "x", token: "a" }, (bucket) => {
      return bucket.reset();
    });
    expect(await errorOf(call)).toMatchObject({ reason: "admin-disabled", status: 403 });
  });
});

describe("a caller that aborts", () => {
  it("before the call gets the signal's reason, and nothing is taken", async () => {
    const name = uniqueName("rpc");
    const signal = AbortSignal.abort(new Error("early"));
    expect(await errorOf(acquire(name, { signal }))).toMatchObject({ message: "early" });
    expect(await snapshotOf(name)).toMatchObject({ granted: 0, waiters: 0 });
  });

  it("while it waits under a key is cancelled by it", async () => {
    const name = uniqueName("rpc");
    await acquire(name);
    const controller = new AbortController();
    const { signal } = controller;
    const kept: Promise<unknown>[] = [];
    const held = errorOf(
      acquire(name, {
        signal,
        idempotencyKey: "k",
        waitUntil: (promise) => void kept.push(promise),
      }),
    );
    await untilWaiting(name);
    controller.abort(new Error("enough"));
    expect(await held).toMatchObject({ message: "enough" });
    expect(kept).toHaveLength(1);
    await kept[0];
    expect(await snapshotOf(name)).toMatchObject({ waiters: 0, cancelled: 1 });
    // The key is spent for ten seconds.
    expect(await acquire(name, { idempotencyKey: "k" })).toMatchObject({ reason: "cancelled" });
  });
});

describe("a caller that follows its place", () => {
  it("gets each place once, and then the outcome", async () => {
    const name = uniqueName("rpc");
    await acquire(name);
    const first = acquire(name);
    await untilWaiting(name);
    const places: unknown[] = [];
    const held = acquire(name, { onQueued: (place) => void places.push(place) });
    while (places.length === 0) await settle();
    await pass(name, 1_000);
    expect(await first).toMatchObject({ ok: true, waitedMs: 1_000 });
    while (places.length === 1) await settle();
    await pass(name, 1_000);
    expect(await held).toMatchObject({
      ok: true,
      waitedMs: 2_000,
      rateLimit: { policy: "*", capacity: 1, remaining: 0 },
    });
    expect(places).toEqual([
      { position: 2, etaMs: 2_000 },
      { position: 1, etaMs: 1_000 },
    ]);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("deaf");
      },
    ],
    ["rejects", (): unknown => Promise.reject(new Error("deaf"))],
  ])("and %s leaves the queue", async (_, onQueued) => {
    const name = uniqueName("rpc");
    await acquire(name);
    expect(await errorOf(acquire(name, { onQueued }))).toMatchObject({ message: "deaf" });
    while ((await snapshotOf(name)).waiters > 0) await settle();
    expect(await snapshotOf(name)).toMatchObject({ granted: 1, cancelled: 1 });
  });
});

describe("a lease", () => {
  it("grants without a response, with the same members", async () => {
    const lease = { maxTokens: 50, ttlMs: 5_000 };
    const hold = { maxMs: 60_000 };
    const policy = { ...ONE_A_SECOND, capacity: 1_000, initialTokens: 1_000, lease, hold };
    const leased: SluiceEnv = { ...env, POLICIES: { "*": policy } };
    const name = uniqueName("rpc");
    const atObject = await acquireTokens(leased, name, {});
    for (let call = 0; call < 20; call += 1) {
      await acquireTokens(leased, name, {});
      await settle();
    }
    const { granted } = await snapshotOf(name);
    const fromLease = await acquireTokens(leased, name, {});
    expect((await snapshotOf(name)).granted).toBe(granted);
    expect(fromLease).toMatchObject({ ok: true, bucket: name, tokens: 1, waitedMs: 0 });
    expect(Object.keys(fromLease).sort()).toEqual(Object.keys(atObject).sort());
    // Only the object knows of holds.
    await acquireTokens(leased, name, { holdMs: 60_000 });
    expect((await snapshotOf(name)).granted).toBeGreaterThan(granted);
  });
});
