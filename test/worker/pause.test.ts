/** `POST /buckets/NAME/pause`: who may, what is a fault, and what the object keeps of it. */
import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";

import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";
import type { ProblemBody } from "../../src/protocol/problem-document.ts";

import { CLOSED, type Entrypoint, bearer, deployed } from "../../kit/edge/deployed.ts";
import { ADMIN, request, settle, snapshotOf } from "../../kit/edge/surfaces.ts";
import {
  alarmAtMs,
  pass,
  stubOf,
  uniqueName,
  useSteadyPauses,
  useVirtualTime,
} from "../../kit/edge/virtual-time.ts";

useVirtualTime();

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

function post(body: unknown): RequestInit {
  return { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) };
}

async function pause(name: string, body: unknown): Promise<Response> {
  return request(`/buckets/${encodeURIComponent(name)}/pause`, { ...post(body), headers: ADMIN });
}

async function paused(name: string, body: unknown): Promise<BucketSnapshot> {
  const response = await pause(name, body);
  expect(response.status).toBe(200);
  return response.json();
}

/** Gives a bucket a policy of its own and takes `tokens`. */
async function open(fields: object, tokens = 0): Promise<string> {
  const name = uniqueName("pause");
  const init = { method: "PUT", headers: ADMIN, body: JSON.stringify(fields) };
  expect((await request(`/buckets/${name}`, init)).status).toBe(200);
  // Until it is read to its end, a call counts as under way and delays an eviction.
  if (tokens > 0) await (await request(`/acquire?bucket=${name}&tokens=${tokens}`)).text();
  return name;
}

/** A request that has to wait, once it does. */
async function wait(name: string, query = ""): Promise<Response[]> {
  const { waiters } = await snapshotOf(name);
  const answered: Response[] = [];
  void request(`/acquire?bucket=${name}${query}`).then(
    (response) => answered.push(response),
    () => undefined,
  );
  while ((await snapshotOf(name)).waiters === waiters) await settle();
  return answered;
}

const fiveASecond = { capacity: 5, refillTokens: 1, refillIntervalMs: 1_000, initialTokens: 5 };

describe("what it answers and does", () => {
  it("the snapshot, which has pausedUntilMs for as long as the pause lasts", async () => {
    const name = await open(fiveASecond, 1);
    const nowMs = Date.now();
    const untilMs = nowMs + 9_500;
    const response = await pause(name, { untilMs, tokens: 2 });
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    const { policy, ...snapshot }: BucketSnapshot = await response.json();
    expect(policy).toMatchObject(fiveASecond);
    expect(snapshot).toEqual({
      bucket: name,
      tokens: 2,
      waiters: 0,
      queuedTokens: 0,
      nextTickAtMs: untilMs + 500,
      pausedUntilMs: untilMs,
      granted: 1,
      refused: 0,
      cancelled: 0,
      override: { atMs: nowMs },
    });
    await pass(name, 9_499);
    expect(await snapshotOf(name)).toMatchObject({ tokens: 2, pausedUntilMs: untilMs });
    await pass(name, 1);
    expect(await snapshotOf(name)).not.toHaveProperty("pausedUntilMs");
    await pass(name, 500);
    expect(await snapshotOf(name)).toMatchObject({ tokens: 3 });
  });

  it("t of the RateLimit field is until the next tick that brings something", async () => {
    const name = await open(fiveASecond, 1);
    await paused(name, { untilMs: Date.now() + 29_500, tokens: 1 });
    const granted = await request(`/acquire?bucket=${name}`);
    expect(granted.headers.get("RateLimit")).toBe('"*";r=0;t=30');
    const refused = await request(`/acquire?bucket=${name}&timeoutMs=0`);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("RateLimit")).toBe('"*";r=0;t=30');
    expect(refused.headers.get("Retry-After")).toBe("30");
    expect(await refused.json()).toMatchObject({ reason: "timeout", retryAfterMs: 30_000 });
  });

  it("those who wait are held up, and the alarm is not armed before it is over", async () => {
    const name = await open(fiveASecond, 5);
    const startMs = Date.now();
    const [long, short] = [await wait(name), await wait(name, "&timeoutMs=9000")];
    expect(await alarmAtMs(name)).toBe(startMs + 1_000);
    await paused(name, { untilMs: startMs + 20_000 });
    await settle();
    expect(short).toHaveLength(1);
    expect(short[0]?.status).toBe(429);
    expect(await short[0]?.json()).toMatchObject({ reason: "timeout", retryAfterMs: 22_000 });
    expect(await alarmAtMs(name)).toBe(startMs + 21_000);
    await pass(name, 20_999);
    await settle();
    expect(long).toEqual([]);
    await pass(name, 1);
    await settle();
    expect(await long[0]?.json()).toMatchObject({ waitedMs: 21_000 });
    expect(await alarmAtMs(name)).toBeNull();
  });

  it("starts a bucket that has not started", async () => {
    const name = await open(fiveASecond);
    const untilMs = Date.now() + 1_500;
    expect(await paused(name, { untilMs })).toMatchObject({
      tokens: 0,
      nextTickAtMs: untilMs + 500,
    });
    await pass(name, 2_000);
    expect(await snapshotOf(name)).toMatchObject({ tokens: 1 });
  });

  it("the same again, and an end that is over, are written by nobody", async () => {
    const name = await open(fiveASecond, 1);
    const untilMs = Date.now() + MINUTE_MS;
    await paused(name, { untilMs });
    const puts = await runInDurableObject(stubOf(name), (_, { storage }) =>
      vi.spyOn(storage.kv, "put"),
    );
    expect(await paused(name, { untilMs })).toMatchObject({ pausedUntilMs: untilMs });
    expect(await paused(name, { untilMs: untilMs - 1 })).toMatchObject({ pausedUntilMs: untilMs });
    expect(puts.mock.calls).toHaveLength(0);
    await paused(name, { untilMs: untilMs + 1 });
    expect(puts.mock.calls).toHaveLength(1);
  });

  it.each(["a/b", "pause", "a:b@c", "%41"])("is of the bucket that is named, %s", async (name) => {
    const isLegal = name !== "%41";
    const response = await pause(name, { untilMs: Date.now() + MINUTE_MS });
    expect(response.status).toBe(isLegal ? 200 : 400);
    if (isLegal) expect(await response.json()).toMatchObject({ bucket: name });
  });
});

describe("what an admin does to a paused bucket", () => {
  it("an end that is over lifts the pause", async () => {
    for (const over of [() => 0, () => Date.now() - 1, () => Date.now()]) {
      const name = await open(fiveASecond, 1);
      await paused(name, { untilMs: Date.now() + MINUTE_MS });
      await pass(name, 3_500);
      const lifted = await paused(name, { untilMs: over(), tokens: 0 });
      expect(lifted).toMatchObject({ tokens: 0, nextTickAtMs: Date.now() + 500 });
      expect(lifted).not.toHaveProperty("pausedUntilMs");
      await pass(name, 500);
      expect(await snapshotOf(name)).toMatchObject({ tokens: 1 });
    }
  });

  it("PUT keeps it, DELETE forgets it", async () => {
    const name = await open(fiveASecond, 1);
    const untilMs = Date.now() + MINUTE_MS;
    await paused(name, { untilMs, tokens: 3 });
    const init = { method: "PUT", headers: ADMIN, body: '{"capacity":2,"refillIntervalMs":700}' };
    const changed = await request(`/buckets/${name}`, init);
    expect(await changed.json()).toMatchObject({
      tokens: 2,
      pausedUntilMs: untilMs,
      nextTickAtMs: untilMs - MINUTE_MS + 60_200,
    });
    expect((await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN })).status).toBe(
      204,
    );
    expect(await snapshotOf(name)).not.toHaveProperty("pausedUntilMs");
    expect((await request(`/acquire?bucket=${name}&timeoutMs=0`)).status).toBe(200);
  });
});

describe("what survives", () => {
  it("a reset of the object: the pause, and the places of those who wait", async () => {
    useSteadyPauses();
    const name = await open(fiveASecond, 5);
    const startMs = Date.now();
    const answered = await wait(name);
    await paused(name, { untilMs: startMs + 9_500 });
    await abortAllDurableObjects();
    // The Worker puts the caller back, and the object gathers for a while of real time.
    while ((await snapshotOf(name)).waiters === 0) await scheduler.wait(20);
    expect(await snapshotOf(name)).toMatchObject({ tokens: 0, pausedUntilMs: startMs + 9_500 });
    expect(await alarmAtMs(name)).toBe(startMs + 10_000);
    await pass(name, 9_999);
    await settle();
    expect(answered).toEqual([]);
    await pass(name, 1);
    await settle();
    expect(await answered[0]?.json()).toMatchObject({ grantedAtMs: startMs + 10_000 });
  });

  it("an eviction, and its lift does", async () => {
    const name = await open(fiveASecond, 1);
    const untilMs = Date.now() + MINUTE_MS;
    await paused(name, { untilMs, tokens: 1 });
    await evictDurableObject(stubOf(name));
    expect(await snapshotOf(name)).toMatchObject({ tokens: 1, pausedUntilMs: untilMs });
    await paused(name, { untilMs: 0 });
    await evictDurableObject(stubOf(name));
    expect(await snapshotOf(name)).not.toHaveProperty("pausedUntilMs");
  });

  it("is written as format 4, and format 3 is read", async () => {
    const name = await open(fiveASecond, 1);
    const startedAtMs = Date.now();
    await paused(name, { untilMs: startedAtMs + MINUTE_MS });
    await runInDurableObject(stubOf(name), (_, { storage: { kv } }) => {
      const record = kv.get<{ format: number; limiter: { bucket: object } }>("bucket");
      expect(record).toMatchObject({
        format: 4,
        limiter: {
          bucket: { startedAtMs, tick: 0, tokens: 0, pausedUntilMs: startedAtMs + MINUTE_MS },
        },
      });
      const bucket = { startedAtMs, tick: 0, tokens: 3 };
      kv.put("bucket", { ...record, format: 3, limiter: { ...record?.limiter, bucket } });
    });
    await evictDurableObject(stubOf(name));
    const read = await snapshotOf(name);
    expect(read).toMatchObject({ tokens: 3, granted: 1 });
    expect(read).not.toHaveProperty("pausedUntilMs");
  });

  it("leases: none is given in a pause, and what comes back is gone", async () => {
    const lease = { maxTokens: 100, ttlMs: 1_000 };
    const fields = { ...fiveASecond, capacity: 100, initialTokens: 100, lease };
    const name = await open(fields, 1);
    const { policy } = await snapshotOf(name);
    const lend = async (wanted: number) =>
      stubOf(name).lend(name, policy, { uses: [], granted: 0, wanted });
    const given = (await lend(20)).lease;
    await paused(name, { untilMs: Date.now() + MINUTE_MS, tokens: 10 });
    expect(await lend(20)).not.toHaveProperty("lease");
    const use = { startedAtMs: given?.startedAtMs ?? 0, untilMs: given?.untilMs ?? 0 };
    const uses = [{ ...use, used: 5, returned: 15 }];
    const { bucket } = await stubOf(name).lend(name, policy, { uses, granted: 5, wanted: 0 });
    expect(bucket).toMatchObject({ tokens: 10, leasedTokens: 0, granted: 6 });
  });
});

describe("faults", () => {
  const rule = "untilMs must be an integer from 0 to ";

  it.each([
    ["", ["untilMs is missing"]],
    ["{}", ["untilMs is missing"]],
    ['{"untilMs":"1"}', [rule]],
    [
      '{"untilMs":1.5,"tokens":-1}',
      [rule, "tokens must be an integer from 0 to 1000000000: got -1"],
    ],
    ['{"untilMs":1e99}', ["untilMs must be at most 86400000 ms ahead, "]],
    ['{"untilMs":1,"until":2}', ['"until" is not one of untilMs, tokens, limits']],
    ["[]", ["the body must be a JSON object"]],
    ["x", ["the body is not JSON"]],
    ['{"untilMs":1,"untilMs":2}', ["the body has the same member twice"]],
  ])("%s", async (body, messages) => {
    const name = uniqueName("pause");
    const response = await pause(name, body);
    expect(response.status).toBe(400);
    const problem: ProblemBody = await response.json();
    expect(problem.reason).toBe("invalid-request");
    const got = problem.errors?.map(({ message }) => message) ?? [];
    expect(got).toHaveLength(messages.length);
    messages.forEach((message, index) => expect(got[index]).toContain(message));
    expect(await snapshotOf(name)).not.toHaveProperty("pausedUntilMs");
  });

  it("a day ahead is the most", async () => {
    const name = uniqueName("pause");
    expect((await pause(name, { untilMs: Date.now() + DAY_MS + 1 })).status).toBe(400);
    expect((await pause(name, { untilMs: Date.now() + DAY_MS })).status).toBe(200);
  });

  it("a large body, other methods, other paths", async () => {
    const name = uniqueName("pause");
    expect((await pause(name, " ".repeat(20_000))).status).toBe(413);
    for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
      const response = await request(`/buckets/${name}/pause`, { method, headers: ADMIN });
      expect(response.status).toBe(405);
      expect(response.headers.get("Allow")).toBe("POST");
    }
    expect((await request(`/buckets/${name}/pause/`, post({ untilMs: 0 }))).status).toBe(404);
    expect((await request("/buckets//pause", post({ untilMs: 0 }))).status).toBe(404);
  });
});

describe("who may", () => {
  const { "*": many } = CLOSED.POLICIES;
  const closed = {
    ...CLOSED,
    POLICIES: { "up:*": many, x: many },
    API_TOKEN: JSON.stringify([
      "plain",
      { token: "all", may: ["acquire", "read", "pause"] },
      { token: "pauses", may: ["pause"], buckets: ["up:*"] },
    ]),
    ADMIN_TOKEN: JSON.stringify(["root", { token: "admin", buckets: ["up:*"] }]),
  };
  const ask = (
    variables: object,
    path: string,
    token?: string,
    entrypoint?: Entrypoint,
    untilMs?: number,
  ) => {
    const init = post({ untilMs: untilMs ?? Date.now() + MINUTE_MS });
    const presented = token === undefined ? {} : bearer(token);
    return deployed({ ...variables }, path, { ...init, ...presented }, entrypoint);
  };

  it.each<[string | undefined, string, Entrypoint, number]>([
    [undefined, "up:1", "front", 401],
    ["wrong", "up:1", "front", 401],
    ["plain", "up:1", "front", 401],
    ["all", "up:1", "front", 200],
    ["all", "x", "front", 200],
    ["all", "nowhere", "front", 404],
    ["pauses", "up:1", "front", 200],
    ["pauses", "x", "front", 401],
    ["pauses", "nowhere", "front", 401],
    ["root", "x", "front", 200],
    ["admin", "up:1", "front", 200],
    ["admin", "x", "front", 401],
    [undefined, "x", "bound", 200],
    ["wrong", "x", "bound", 200],
    ["plain", "x", "bound", 200],
    ["root", "x", "bound", 200],
  ])("%s on %s at the %s entrypoint: %i", async (token, name, entrypoint, status) => {
    const response = await ask(
      closed,
      `/buckets/${encodeURIComponent(name)}/pause`,
      token,
      entrypoint,
    );
    expect(response.status).toBe(status);
  });

  it("a right to pause is none to acquire, to read or to change", async () => {
    const path = "/buckets/up:2";
    for (const init of [{}, { method: "PUT", body: "{}" }, { method: "DELETE" }]) {
      expect((await deployed(closed, path, { ...init, ...bearer("pauses") })).status).toBe(401);
    }
    expect((await deployed(closed, "/acquire?bucket=up:2", bearer("pauses"))).status).toBe(401);
  });

  it("whoever lacks it is told so", async () => {
    const response = await ask(closed, "/buckets/x/pause", "plain");
    const { detail }: ProblemBody = await response.json();
    expect(detail).toBe('This API key lacks the right "pause" on "x"');
  });

  it("a public Sluice lets nobody without a token", async () => {
    const open = { ...CLOSED, PUBLIC: "true" };
    const withAdmin = { ...open, ADMIN_TOKEN: "root" };
    for (const token of [undefined, "any"]) {
      const closedToAll = await ask(open, "/buckets/x/pause", token);
      expect(closedToAll.status).toBe(403);
      expect((await closedToAll.json<ProblemBody>()).detail).toBe(
        'Nobody may pause: set an API_TOKEN with a key that may "pause", or an ADMIN_TOKEN',
      );
      const forAdmins = await ask(withAdmin, "/buckets/x/pause", token);
      expect(forAdmins.status).toBe(401);
      expect((await forAdmins.json<ProblemBody>()).detail).toBe(
        'Only admin keys may pause, because no API_TOKEN is set: set one with a key that may "pause"',
      );
    }
    expect((await ask(withAdmin, "/buckets/x/pause", "root")).status).toBe(200);
  });

  it("only an admin lifts a pause: from others an end that is over changes nothing", async () => {
    for (const [entrypoint, tokens] of [
      ["front", ["pauses"]],
      ["bound", [undefined, "pauses", "plain"]],
    ] as const) {
      const path = `/buckets/up:lift-${entrypoint}/pause`;
      const untilMs = Date.now() + MINUTE_MS;
      expect((await ask(closed, path, "root", entrypoint)).status).toBe(200);
      for (const token of tokens) {
        const kept = await ask(closed, path, token, entrypoint, 0);
        expect(kept.status).toBe(200);
        expect(await kept.json()).toMatchObject({ pausedUntilMs: untilMs });
      }
      const lifted = await ask(closed, path, "admin", entrypoint, 0);
      expect(await lifted.json()).not.toHaveProperty("pausedUntilMs");
    }
  });

  it("bound Workers call the entrypoint Sluice", async () => {
    const name = uniqueName("bound");
    const init = post({ untilMs: Date.now() + MINUTE_MS });
    const response = await exports.Sluice.fetch(
      new Request(`https://sluice/buckets/${name}/pause`, init),
    );
    expect(await response.json()).toMatchObject({ bucket: name, tokens: 0 });
  });
});
