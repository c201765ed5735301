/** Cancelling by word: `DELETE /acquire` with the key of an acquire. */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";

import type { ProblemBody } from "../../src/protocol/problem-document.ts";

import { CLOSED, bearer, deployed } from "../../kit/edge/deployed.ts";
import { ADMIN, request, settle, snapshotOf, stream } from "../../kit/edge/surfaces.ts";
import { pass, stubOf, uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime({ hasSteadyPauses: true });

function withKey(key: string): { headers: Record<string, string> } {
  return { headers: { "Idempotency-Key": `"${key}"` } };
}

function ask(name: string, key: string, query = ""): Promise<Response> {
  return request(`/acquire?bucket=${name}${query}`, withKey(key));
}

async function cancel(name: string, key: string): Promise<unknown> {
  const response = await request(`/acquire?bucket=${name}`, { method: "DELETE", ...withKey(key) });
  expect(response.status).toBe(200);
  return response.json();
}

/** A bucket of one a second, with nothing in it. */
async function emptied(): Promise<string> {
  const name = uniqueName("cancel");
  await request(`/acquire?bucket=${name}`);
  return name;
}

async function untilWaiters(name: string, count: number): Promise<void> {
  while ((await snapshotOf(name)).waiters !== count) await settle();
}

async function expectCancelled(response: Response | Promise<Response>): Promise<void> {
  const answer = await response;
  const problem: ProblemBody = await answer.json();
  expect(answer.status).toBe(499);
  expect(problem).toEqual({
    type: "about:blank",
    title: "Request was cancelled",
    status: 499,
    detail: "This request was cancelled by its Idempotency-Key; nothing was taken",
    reason: "cancelled",
  });
}

describe("DELETE /acquire", () => {
  it("ends one that waits with 499, takes nothing, and those behind move up", async () => {
    const name = await emptied();
    const first = ask(name, "a");
    await untilWaiters(name, 1);
    const behind = request(`/acquire?bucket=${name}`);
    await untilWaiters(name, 2);
    expect(await cancel(name, "a")).toEqual({ cancelled: true });
    await expectCancelled(first);
    expect(await snapshotOf(name)).toMatchObject({ waiters: 1, cancelled: 1, refused: 0 });
    await pass(name, 1_000);
    expect(await (await behind).json()).toMatchObject({ waitedMs: 1_000 });
    expect(await snapshotOf(name)).toMatchObject({ granted: 2, tokens: 0 });
  });

  it("grants the next in the same turn where its tokens are there", async () => {
    const name = uniqueName("cancel");
    const body = JSON.stringify({ capacity: 3, initialTokens: 1 });
    await request(`/buckets/${name}`, { method: "PUT", headers: ADMIN, body });
    const large = ask(name, "large", "&tokens=3");
    await untilWaiters(name, 1);
    const small = request(`/acquire?bucket=${name}`);
    await untilWaiters(name, 2);
    expect(await cancel(name, "large")).toEqual({ cancelled: true });
    await expectCancelled(large);
    expect(await (await small).json()).toMatchObject({ waitedMs: 0, remaining: 0 });
  });

  it("ends all requests of the key, a stream with a refused event", async () => {
    const name = await emptied();
    const plain = ask(name, "a");
    await untilWaiters(name, 1);
    const streamed = await stream(`/acquire?bucket=${name}`, withKey("a"));
    await settle();
    expect(await cancel(name, "a")).toEqual({ cancelled: true });
    await expectCancelled(plain);
    await streamed.done;
    expect(streamed.last).toMatchObject({
      event: "refused",
      data: { status: 499, reason: "cancelled" },
    });
  });

  it("answers false for one that is granted, which stays granted", async () => {
    const name = uniqueName("cancel");
    const grant = await (await ask(name, "a")).json();
    expect(await cancel(name, "a")).toEqual({ cancelled: false });
    expect(await (await ask(name, "a")).json()).toEqual(grant);
    await abortAllDurableObjects();
    expect(await cancel(name, "a")).toEqual({ cancelled: false });
    expect(await (await ask(name, "a")).json()).toEqual(grant);
  });

  it("before its acquire arrives: that is refused for 10 s, and then free", async () => {
    const name = uniqueName("cancel");
    expect(await cancel(name, "a")).toEqual({ cancelled: false });
    await expectCancelled(ask(name, "a"));
    vi.setSystemTime(Date.now() + 10_000);
    await expectCancelled(ask(name, "a", "&tokens=1"));
    expect((await ask(name, "b")).status).toBe(200);
    vi.setSystemTime(Date.now() + 1_001);
    expect((await ask(name, "a")).status).toBe(200);
    expect(await snapshotOf(name)).toMatchObject({ granted: 2, refused: 0, cancelled: 0 });
  });

  it("counts for its bucket alone, and starts none", async () => {
    const [one, other] = [uniqueName("cancel"), await emptied()];
    const held = ask(other, "a");
    await untilWaiters(other, 1);
    expect(await cancel(one, "a")).toEqual({ cancelled: false });
    const { nextTickAtMs } = await snapshotOf(one);
    vi.setSystemTime(Date.now() + 300);
    expect((await snapshotOf(one)).nextTickAtMs).toBe(nextTickAtMs + 300);
    await pass(other, 1_000);
    expect((await held).status).toBe(200);
  });

  it("writes nothing for a key that is not known", async () => {
    const name = uniqueName("cancel");
    await cancel(name, "a");
    const stored = await runInDurableObject(stubOf(name), async (_, { storage }) => {
      return [...(await storage.list())];
    });
    expect(stored).toEqual([]);
  });

  it("is forgotten with the bucket", async () => {
    const name = uniqueName("cancel");
    await cancel(name, "a");
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    expect((await ask(name, "a")).status).toBe(200);
  });
});

describe("DELETE /acquire while a bucket's callers are put back", () => {
  it("ends one that is still on its way back", async () => {
    const name = await emptied();
    const held = ask(name, "a");
    await untilWaiters(name, 1);
    await abortAllDurableObjects();
    expect(await cancel(name, "a")).toEqual({ cancelled: false });
    await expectCancelled(held);
  });
});

describe("DELETE /acquire that is wrong", () => {
  async function faultsOf(path: string, headers: Record<string, string>): Promise<string[]> {
    const response = await request(path, { method: "DELETE", headers });
    expect(response.status).toBe(400);
    const { errors = [] }: ProblemBody = await response.json();
    return errors.map(({ message }) => message);
  }

  it("names what is missing, all of it", async () => {
    const [bucket, key, ...more] = await faultsOf("/acquire", {});
    expect(bucket).toMatch(/^bucket must be .*: it is missing$/);
    expect(key).toMatch(/^Idempotency-Key must be 1 to 255 .*: it is missing$/);
    expect(more).toEqual([]);
  });

  it("names a key or a bucket that is none", async () => {
    expect(await faultsOf("/acquire?bucket=a", { "Idempotency-Key": "a b" })).toEqual([
      expect.stringMatching(/^Idempotency-Key must be .*: got "a b"$/),
    ]);
    expect(await faultsOf("/acquire?bucket=a%20b", { "Idempotency-Key": "a" })).toEqual([
      expect.stringMatching(/^bucket must be .*: got "a b"$/),
    ]);
    expect(await faultsOf("/acquire?bucket=a&bucket=b", { "Idempotency-Key": "a" })).toEqual([
      "bucket is given 2 times",
    ]);
  });
});

describe("Who may cancel", () => {
  const tokens = {
    ...CLOSED,
    API_TOKEN: JSON.stringify([
      { token: "reader", may: ["read"] },
      { token: "mine", may: ["acquire"], buckets: ["mine:*"] },
    ]),
  };
  const send = (token: string | undefined, bucket: string): Promise<Response> => {
    const headers = {
      ...withKey("a").headers,
      ...(token !== undefined && bearer(token).headers),
    };
    return deployed(tokens, `/acquire?bucket=${bucket}`, { method: "DELETE", headers });
  };

  it("is whoever may acquire from that bucket", async () => {
    expect((await send("mine", "mine:1")).status).toBe(200);
    expect((await send("mine", "other")).status).toBe(401);
    expect((await send("reader", "mine:1")).status).toBe(401);
    expect((await send(undefined, "mine:1")).status).toBe(401);
  });
});

describe("Sluice.cancel by RPC", () => {
  it("cancels one that waits, whose outcome is a value", async () => {
    const name = await emptied();
    const held = Promise.resolve(exports.Sluice.acquire(name, { idempotencyKey: 'a "b"' }));
    await untilWaiters(name, 1);
    expect(await exports.Sluice.cancel(name, 'a "b"')).toBe(true);
    expect(await held).toMatchObject({ ok: false, bucket: name, tokens: 1, reason: "cancelled" });
    expect(await exports.Sluice.cancel(name, 'a "b"')).toBe(false);
  });
});
