import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";

import type { Ask } from "../../src/core/ask.ts";

import { Policy } from "../../src/core/policy.ts";
import { encodeAcquireCall } from "../../src/wire/acquire-call.ts";
import { ADMIN, grantOf, problemOf, request, snapshotOf } from "../../kit/edge/surfaces.ts";
import { alarmAtMs, stubOf, uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

/** A call whose answer is read to its end: until then it counts as under way and delays an eviction. */
async function call(path: string, init?: RequestInit): Promise<void> {
  await (await request(path, init)).text();
}

useVirtualTime();

it("an instance that comes up keeps tokens, grid, counts and override", async () => {
  const name = uniqueName();
  const fields = { capacity: 7, refillTokens: 2, refillIntervalMs: 5_000 };
  await call(`/buckets/${name}`, { method: "PUT", headers: ADMIN, body: JSON.stringify(fields) });
  await call(`/acquire?bucket=${name}&tokens=2`);
  vi.setSystemTime(Date.now() + 11_000);
  await call(`/acquire?bucket=${name}&tokens=1`);
  const before = await snapshotOf(name);
  expect(before).toMatchObject({ tokens: 3, granted: 2, policy: fields });
  await evictDurableObject(stubOf(name));
  expect(await snapshotOf(name)).toEqual(before);
});

it("an instance that comes up arms nothing by itself", async () => {
  const name = uniqueName();
  await call(`/acquire?bucket=${name}`);
  await evictDurableObject(stubOf(name));
  await snapshotOf(name);
  expect(await alarmAtMs(name)).toBeNull();
});

describe("a requeued call", () => {
  /** The only limit of the policy that is in force when callers come back. */
  const fields = { capacity: 5, refillTokens: 1, refillIntervalMs: 1_000, initialTokens: 5 };
  const policy = { name: "*", ...Policy.of({ ...fields, maxWaitMs: 1_000 }).toJSON() };

  function requeue(name: string, ask: Ask): Promise<Response> {
    const requeued = { arrivedAtMs: Date.now() - 20, elapsedMs: 20 };
    return stubOf(name).fetch(encodeAcquireCall({ bucket: name, policy, ...ask, requeued }));
  }

  it.each<[string, Ask]>([
    ["nothing else", { tokens: 0, limits: { tpm: 5 } }],
    ["a token of the others, too", { tokens: 1, limits: { tpm: 5 } }],
  ])("that names a limit which there isn't is refused: it asks for %s", async (_, ask) => {
    const name = uniqueName();
    const { errors } = await problemOf(requeue(name, ask), 400, "invalid-request");
    expect(errors).toEqual([
      { field: "tokens.tpm", message: '"tpm" is no limit of this bucket: rate' },
    ]);
    expect(await stubOf(name).inspect(name, policy)).toMatchObject({ tokens: 5, granted: 0 });
  });

  it("keeps a timeout that the policy would not allow any more", async () => {
    const grant = await grantOf(requeue(uniqueName(), { tokens: 2, timeoutMs: 60_000 }));
    expect(grant).toMatchObject({ tokens: 2, remaining: 3 });
  });
});

describe("object whose state cannot be read", () => {
  /** Puts something on the disk that is no state, under a fresh instance. */
  async function spoil(name: string): Promise<void> {
    await call(`/acquire?bucket=${name}`);
    await runInDurableObject(stubOf(name), (_, { storage }) => {
      storage.kv.put("bucket", { format: 1, name, policy: { capacity: -1 }, limiter: {} });
    });
    await evictDurableObject(stubOf(name));
  }

  it("answers 503 unavailable with Retry-After, and does not guess, until it is reset", async () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const name = uniqueName();
    await spoil(name);
    const response = await request(`/acquire?bucket=${name}`);
    expect(response.status).toBe(503);
    expect(response.headers.get("Retry-After")).toBe("1");
    expect(await response.json()).toMatchObject({ reason: "unavailable", retryAfterMs: 1_000 });
    expect((await request(`/buckets/${name}`)).status).toBe(503);
    await call(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    expect((await request(`/acquire?bucket=${name}&timeoutMs=0`)).status).toBe(200);
    expect(logged).toHaveBeenCalledOnce();
  });

  it("reads it again with the next call: a failure of the disk may pass", async () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const name = uniqueName();
    await spoil(name);
    expect((await request(`/buckets/${name}`)).status).toBe(503);
    await runInDurableObject(stubOf(name), (_, { storage }) => storage.kv.delete("bucket"));
    expect((await request(`/buckets/${name}`)).status).toBe(200);
    expect(logged).toHaveBeenCalledOnce();
  });
});
