import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";

import type { ProblemBody } from "../../src/protocol/problem-document.ts";
import type { WatchEvent, WatchMessage } from "../../src/protocol/watch-feed.ts";

import { Policy } from "../../src/core/policy.ts";
import { socketRequest } from "../../src/wire/socket-call.ts";
import { CLOSED, deployed } from "../../kit/edge/deployed.ts";
import { described } from "../../kit/edge/described.ts";
import {
  ADMIN,
  changePolicy,
  request,
  settle,
  snapshotOf,
  stream,
} from "../../kit/edge/surfaces.ts";
import {
  askHold,
  askPermit,
  heldGrant,
  HOLDING,
  idOf,
  openBucket,
} from "../../kit/edge/open-grants.ts";
import {
  alarmAtMs,
  pass,
  stubOf,
  uniqueName,
  useVirtualTime,
} from "../../kit/edge/virtual-time.ts";

const UPGRADE = { Upgrade: "websocket" };

useVirtualTime();

/** A watcher's end of the socket, with all that has come. */
class Watcher {
  readonly socket: WebSocket;
  readonly messages: WatchMessage[] = [];
  readonly texts: string[] = [];
  closed: { code: number; reason: string } | undefined = undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.texts.push(String(data));
      if (!String(data).startsWith("{")) return;
      described.checkFrame("watch", String(data));
      this.messages.push(JSON.parse(String(data)));
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
    });
    socket.accept();
  }

  get events(): WatchEvent[] {
    return this.messages.flatMap(({ events }) => [...events]);
  }

  /** Resolves once all that has happened so far has been told. */
  async received(): Promise<void> {
    await scheduler.wait(120);
  }
}

/** Watches a bucket. */
async function watch(name: string): Promise<Watcher> {
  const response = await request(`/buckets/${encodeURIComponent(name)}/watch`, {
    headers: UPGRADE,
  });
  expect(response.status).toBe(101);
  const watcher = new Watcher(response.webSocket!);
  await settle();
  return watcher;
}

/** The client's end of a session. */
async function openSession(name: string): Promise<WebSocket> {
  const { policy } = await snapshotOf(name);
  const { webSocket } = await stubOf(name).fetch(
    socketRequest("session", { bucket: name, policy }),
  );
  webSocket!.accept();
  return webSocket!;
}

async function acquire(name: string, query = ""): Promise<number> {
  const response = await request(`/acquire?bucket=${name}${query}`);
  await response.text();
  return response.status;
}

/** Acquires that wait, each in the queue before the next is sent. */
async function queueUp(name: string, count: number): Promise<Promise<number>[]> {
  const held: Promise<number>[] = [];
  for (let i = 0; i < count; i += 1) {
    held.push(acquire(name));
    while ((await snapshotOf(name)).waiters < i + 1) await settle();
  }
  return held;
}

describe("watching a bucket with holds and permits", () => {
  it("shows what a settle and a release have changed", async () => {
    const name = await openBucket({ ...HOLDING, concurrency: { max: 2, ttlMs: 5_000 } });
    const grant = await heldGrant(name, "&tokens=4");
    const watcher = await watch(name);
    expect(watcher.messages[0]?.snapshot).toMatchObject({
      tokens: 6,
      heldTokens: { rate: 4, tpm: 4 },
      permits: { max: 2, held: 1 },
    });
    await askHold(name, idOf(grant), { used: 1 });
    await watcher.received();
    expect(watcher.messages.at(-1)?.snapshot).toMatchObject({
      tokens: 9,
      heldTokens: { rate: 0, tpm: 0 },
      permits: { held: 1 },
    });
    await askPermit(name, idOf(grant), "DELETE");
    await watcher.received();
    expect(watcher.messages.at(-1)?.snapshot.permits).toEqual({ max: 2, held: 0 });
    expect(watcher.events).toEqual([]);
  });
});

describe("watching a bucket with sessions", () => {
  it("shows how many are open, also when nothing else changes", async () => {
    const name = uniqueName();
    const watcher = await watch(name);
    expect(watcher.messages.at(-1)?.snapshot).not.toHaveProperty("sessions");
    const [one, other] = [await openSession(name), await openSession(name)];
    await watcher.received();
    expect(watcher.messages.at(-1)).toMatchObject({ snapshot: { sessions: 2 }, events: [] });
    expect(await snapshotOf(name)).toMatchObject({ sessions: 2 });
    expect((await watch(name)).messages[0]?.snapshot).toMatchObject({ sessions: 2 });
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    expect(await snapshotOf(name)).toMatchObject({ sessions: 2, granted: 0 });
    one.close();
    await watcher.received();
    expect(watcher.messages.at(-1)?.snapshot).toMatchObject({ sessions: 1 });
    other.close();
    await watcher.received();
    expect(watcher.messages.at(-1)?.snapshot).not.toHaveProperty("sessions");
    expect(await snapshotOf(name)).not.toHaveProperty("sessions");
  });
});

describe("watching", () => {
  it("the first message is the bucket as it is, and nothing is taken, started or armed", async () => {
    const name = uniqueName();
    const nowMs = Date.now();
    const watcher = await watch(name);
    const snapshot = await snapshotOf(name);
    expect(watcher.messages).toEqual([{ atMs: nowMs, isFirst: true, snapshot, events: [] }]);
    expect(snapshot).toMatchObject({ tokens: 1, granted: 0 });
    expect(await alarmAtMs(name)).toBeNull();
    await runInDurableObject(stubOf(name), (_, { storage }) => {
      expect([...storage.kv.list()]).toEqual([]);
    });
    // Not started: an hour later the grid would begin then.
    vi.setSystemTime(nowMs + 3_600_500);
    expect(await snapshotOf(name)).toMatchObject({ nextTickAtMs: nowMs + 3_601_500 });
    expect(watcher.messages).toHaveLength(1);
  });

  it("ten callers: each is queued, and granted a second after the one before", async () => {
    const name = uniqueName();
    const atMs = Date.now();
    const watcher = await watch(name);
    await acquire(name);
    const held = await queueUp(name, 9);
    await watcher.received();
    await pass(name, 9_000);
    expect(await Promise.all(held)).toEqual(Array.from({ length: 9 }, () => 200));
    await watcher.received();
    const nine = Array.from({ length: 9 }, (_, i) => i + 1);
    expect(watcher.events).toEqual([
      { kind: "granted", id: 1, atMs, tokens: 1, waitedMs: 0 },
      ...nine.map((i) => ({ kind: "queued", id: 1 + i, atMs, tokens: 1 })),
      ...nine.map((i) => {
        const waitedMs = i * 1_000;
        return { kind: "granted", id: 1 + i, atMs: atMs + waitedMs, tokens: 1, waitedMs };
      }),
    ]);
    expect(watcher.messages.at(-1)?.snapshot).toEqual(await snapshotOf(name));
    expect(watcher.messages.every(({ omitted }) => omitted === undefined)).toBe(true);
  });

  it("refused: why; cancelled: how long it had waited, before those who move up", async () => {
    const name = uniqueName();
    const atMs = Date.now();
    const watcher = await watch(name);
    await acquire(name);
    const controller = new AbortController();
    const leaving = request(`/acquire?bucket=${name}`, { signal: controller.signal }).catch(
      () => undefined,
    );
    while ((await snapshotOf(name)).waiters < 1) await settle();
    expect(await acquire(name, "&timeoutMs=0")).toBe(429);
    expect(await acquire(name, "&tokens=7")).toBe(422);
    vi.setSystemTime(atMs + 400);
    controller.abort();
    await leaving;
    while ((await snapshotOf(name)).cancelled < 1) await settle();
    await watcher.received();
    expect(watcher.events).toEqual([
      { kind: "granted", id: 1, atMs, tokens: 1, waitedMs: 0 },
      { kind: "queued", id: 2, atMs, tokens: 1 },
      { kind: "refused", id: 3, atMs, tokens: 1, reason: "timeout" },
      { kind: "refused", id: 4, atMs, tokens: 7, reason: "exceeds-capacity" },
      { kind: "cancelled", id: 2, atMs: atMs + 400, tokens: 1, waitedMs: 400 },
    ]);
  });

  it("several limits: what each asked of them, what each holds, and which one the head waits for", async () => {
    const name = uniqueName();
    const tpm = { capacity: 500, refillTokens: 500, refillIntervalMs: 5_000 };
    await changePolicy(name, { capacity: 5, initialTokens: 5, limits: { tpm } });
    const atMs = Date.now();
    const watcher = await watch(name);
    expect(await acquire(name, "&tokens.tpm=400")).toBe(200);
    const held = acquire(name, "&tokens.tpm=300");
    while ((await snapshotOf(name)).waiters < 1) await settle();
    expect(await acquire(name, "&tokens=2&tokens.tpm=501")).toBe(422);
    await watcher.received();
    const waiting = watcher.messages.at(-1)?.snapshot;
    expect(waiting).toMatchObject({ tokens: 4, headLimit: "tpm" });
    expect(waiting?.limits?.["tpm"]).toMatchObject({ tokens: 100, nextTickAtMs: atMs + 5_000 });
    await pass(name, 5_000);
    expect(await held).toBe(200);
    await watcher.received();
    const waitedMs = 5_000;
    expect(watcher.events).toEqual([
      { kind: "granted", id: 1, atMs, tokens: 1, limits: { tpm: 400 }, waitedMs: 0 },
      { kind: "queued", id: 2, atMs, tokens: 1, limits: { tpm: 300 } },
      {
        kind: "refused",
        id: 3,
        atMs,
        tokens: 2,
        limits: { tpm: 501 },
        reason: "exceeds-capacity",
      },
      { kind: "granted", id: 2, atMs: atMs + waitedMs, tokens: 1, limits: { tpm: 300 }, waitedMs },
    ]);
    const after = watcher.messages.at(-1)?.snapshot;
    expect(after).toEqual(await snapshotOf(name));
    expect(after).not.toHaveProperty("headLimit");
    expect(after?.limits?.["tpm"]).toMatchObject({ tokens: 200 });
  });

  it("who waited before anybody watched is named when it is settled", async () => {
    const name = uniqueName();
    const atMs = Date.now();
    await acquire(name);
    const held = await queueUp(name, 2);
    const watcher = await watch(name);
    expect(watcher.messages[0]).toMatchObject({ snapshot: { waiters: 2 }, events: [] });
    await pass(name, 2_000);
    await Promise.all(held);
    await watcher.received();
    expect(watcher.events).toEqual([
      { kind: "granted", id: 1, atMs: atMs + 1_000, tokens: 1, waitedMs: 1_000 },
      { kind: "granted", id: 2, atMs: atMs + 2_000, tokens: 1, waitedMs: 2_000 },
    ]);
  });

  it("more events than fit in a message: the first fifty, and how many were left out", async () => {
    const name = uniqueName();
    await acquire(name);
    const watcher = await watch(name);
    const refused = Array.from({ length: 80 }, () => acquire(name, "&tokens=9"));
    await Promise.all(refused);
    await watcher.received();
    const received = watcher.messages.slice(1);
    for (const { events } of received) expect(events.length).toBeLessThanOrEqual(50);
    const omitted = received.reduce((sum, message) => sum + (message.omitted ?? 0), 0);
    expect(omitted).toBeGreaterThan(0);
    expect(watcher.events.length + omitted).toBe(80);
    expect(watcher.messages.at(-1)?.snapshot.refused).toBe(80);
  });

  it("who joins is not told again what its first message counts in, and the others are told all", async () => {
    const name = uniqueName();
    const early = await watch(name);
    await acquire(name);
    const late = await watch(name);
    expect(late.messages).toHaveLength(1);
    expect(late.messages[0]).toMatchObject({ snapshot: { granted: 1 }, events: [] });
    expect(early.events).toHaveLength(1);
    await acquire(name, "&timeoutMs=0");
    await Promise.all([early.received(), late.received()]);
    expect(late.events).toHaveLength(1);
    expect(late.messages[1]).toEqual(early.messages[2]);
  });

  it("a change of the policy is a message without events; looking at the bucket is none", async () => {
    const name = uniqueName();
    const watcher = await watch(name);
    const body = JSON.stringify({ capacity: 5 });
    await (await request(`/buckets/${name}`, { method: "PUT", headers: ADMIN, body })).text();
    await watcher.received();
    expect(watcher.messages[1]).toMatchObject({
      snapshot: { policy: { capacity: 5 } },
      events: [],
    });
    await snapshotOf(name);
    // Nor is a change that changes nothing.
    await (await request(`/buckets/${name}`, { method: "PUT", headers: ADMIN, body })).text();
    await watcher.received();
    expect(watcher.messages).toHaveLength(2);
  });

  it("leases, and what isolates grant from them, are in the counts and in no event", async () => {
    const name = uniqueName();
    const lease = { maxTokens: 20, ttlMs: 1_000 };
    const fields = { capacity: 100, initialTokens: 100, refillTokens: 1, refillIntervalMs: 1_000 };
    const policy = { name: "*", ...Policy.of(fields).toJSON() };
    const body = JSON.stringify({ ...fields, lease });
    await (await request(`/buckets/${name}`, { method: "PUT", headers: ADMIN, body })).text();
    await acquire(name);
    const watcher = await watch(name);
    const asked = { wanted: 20, granted: 0, uses: [] };
    const { lease: lent } = await stubOf(name).lend(name, policy, asked);
    const use = { startedAtMs: lent!.startedAtMs, untilMs: lent!.untilMs, used: 7, returned: 13 };
    await watcher.received();
    await stubOf(name).lend(name, policy, { wanted: 0, granted: 7, uses: [use] });
    await watcher.received();
    expect(watcher.events).toEqual([]);
    expect(watcher.messages.slice(1)).toMatchObject([
      { snapshot: { granted: 1, leasedTokens: 20 } },
      { snapshot: { granted: 8, leasedTokens: 0 } },
    ]);
  });

  it("a change of the configured policy is shown when something happens", async () => {
    const name = uniqueName();
    const watcher = await watch(name);
    const POLICIES = { "*": { capacity: 3, refillTokens: 1, refillIntervalMs: 1_000 } };
    const later = { ...CLOSED, PUBLIC: "true", POLICIES };
    await (await deployed(later, `/acquire?bucket=${name}`)).text();
    await watcher.received();
    expect(watcher.messages).toHaveLength(2);
    expect(watcher.messages[1]).toMatchObject({ snapshot: { policy: { capacity: 3 } } });
  });

  it("a pause and its end are shown, and who is refused because of it; a lease that is out stays", async () => {
    const name = uniqueName();
    const startedAtMs = Date.now();
    const lease = { maxTokens: 4, ttlMs: 1_000 };
    const fields = { capacity: 8, initialTokens: 8, refillTokens: 1, refillIntervalMs: 1_000 };
    const put = { method: "PUT", headers: ADMIN };
    const body = JSON.stringify({ ...fields, lease });
    await (await request(`/buckets/${name}`, { ...put, body })).text();
    await acquire(name);
    const { policy } = await snapshotOf(name);
    await stubOf(name).lend(name, policy, { wanted: 3, granted: 0, uses: [] });
    const watcher = await watch(name);
    const patient = acquire(name, "&tokens=6");
    const impatient = acquire(name, "&tokens=1&timeoutMs=5000");
    while ((await snapshotOf(name)).waiters < 2) await settle();
    await watcher.received();
    const pausedUntilMs = startedAtMs + 10_500;
    const pause = { method: "POST", headers: ADMIN };
    const paused = JSON.stringify({ untilMs: pausedUntilMs });
    await (await request(`/buckets/${name}/pause`, { ...pause, body: paused })).text();
    expect(await impatient).toBe(429);
    await watcher.received();
    // In the pause, with the lease out and somebody waiting.
    await (
      await request(`/buckets/${name}`, { ...put, body: JSON.stringify({ capacity: 6 }) })
    ).text();
    await watcher.received();
    vi.setSystemTime(startedAtMs + 1_500);
    await (
      await request(`/buckets/${name}/pause`, { ...pause, body: JSON.stringify({ untilMs: 0 }) })
    ).text();
    await watcher.received();
    expect(watcher.messages.slice(2)).toMatchObject([
      {
        snapshot: { tokens: 0, pausedUntilMs, waiters: 1, leasedTokens: 3 },
        events: [{ kind: "refused", id: 2, reason: "timeout" }],
      },
      { snapshot: { policy: { capacity: 6 }, pausedUntilMs, leasedTokens: 3 }, events: [] },
      { snapshot: { waiters: 1, leasedTokens: 3 }, events: [] },
    ]);
    expect(watcher.messages.at(-1)?.snapshot).not.toHaveProperty("pausedUntilMs");
    await pass(name, 12_000);
    expect(await patient).toBe(200);
    await watcher.received();
    expect(watcher.events.at(-1)).toMatchObject({ kind: "granted", id: 1 });
    expect(await snapshotOf(name)).toMatchObject({ granted: 2, refused: 1, leasedTokens: 0 });
  });

  it("the end of the process: who waited is refused, streamed or not, once and for good", async () => {
    const name = uniqueName();
    const watcher = await watch(name);
    await acquire(name);
    const held = await queueUp(name, 1);
    const streamed = await stream(`/acquire?bucket=${name}`);
    await streamed.until(1);
    await watcher.received();
    const before = watcher.messages.length;
    await stubOf(name).shutDown();
    expect(await Promise.all(held)).toEqual([503]);
    await streamed.done;
    expect(streamed.lines.at(-1)).toBe("refused: unavailable");
    expect(await acquire(name)).toBe(503);
    await watcher.received();
    expect(watcher.messages.slice(before)).toMatchObject([
      {
        snapshot: { waiters: 0, granted: 1, refused: 2, cancelled: 0 },
        events: [
          { kind: "refused", id: 2, reason: "unavailable" },
          { kind: "refused", id: 3, reason: "unavailable" },
        ],
      },
    ]);
  });

  it("DELETE: who waited is refused, and the watchers stay and see the bucket begin anew", async () => {
    const name = uniqueName();
    const watcher = await watch(name);
    await acquire(name);
    const held = await queueUp(name, 2);
    await watcher.received();
    const before = watcher.messages.length;
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    expect(await Promise.all(held)).toEqual([503, 503]);
    await watcher.received();
    expect(watcher.messages.slice(before)).toMatchObject([
      {
        snapshot: { bucket: name, tokens: 1, waiters: 0, granted: 0, refused: 0 },
        events: [
          { kind: "refused", id: 2, reason: "bucket-reset" },
          { kind: "refused", id: 3, reason: "bucket-reset" },
        ],
      },
    ]);
    await acquire(name);
    await watcher.received();
    expect(watcher.events.at(-1)).toMatchObject({ kind: "granted", id: 4 });
    expect(watcher.closed).toBeUndefined();
  });
});

describe("hibernation", () => {
  it("an object that has left the memory keeps its watchers, and what wakes it is told to them", async () => {
    const name = uniqueName();
    const watchers = [await watch(name), await watch(name)];
    await acquire(name);
    await watchers[0]!.received();
    await evictDurableObject(stubOf(name));
    expect(watchers.map(({ closed }) => closed)).toEqual([undefined, undefined]);
    vi.setSystemTime(Date.now() + 5_000);
    await acquire(name);
    await watchers[0]!.received();
    for (const watcher of watchers) {
      // No number names two requests of one connection.
      expect(watcher.events.map(({ kind, id }) => [kind, id])).toEqual([
        ["granted", 1],
        ["granted", 2],
      ]);
      expect(watcher.messages.at(-1)?.snapshot).toEqual(await snapshotOf(name));
    }
  });

  it("DELETE wakes it, too, and the bucket that is gone is shown as it would start", async () => {
    const name = uniqueName();
    await acquire(name);
    const watcher = await watch(name);
    await evictDurableObject(stubOf(name));
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    await watcher.received();
    expect(watcher.messages[1]).toMatchObject({
      snapshot: { bucket: name, granted: 0, policy: { name: "*", capacity: 1 } },
      events: [],
    });
  });

  it("watching leaves no timer and no alarm behind", async () => {
    const name = uniqueName();
    const setTimer = vi.spyOn(globalThis, "setTimeout");
    const clearTimer = vi.spyOn(globalThis, "clearTimeout");
    const watcher = await watch(name);
    expect(setTimer).not.toHaveBeenCalled();
    await acquire(name, "&tokens=9");
    expect(setTimer).toHaveBeenCalledTimes(1);
    await watcher.received();
    expect(watcher.events).toHaveLength(1);
    await scheduler.wait(300);
    expect(setTimer).toHaveBeenCalledTimes(1);
    expect(clearTimer).not.toHaveBeenCalled();
    expect(await alarmAtMs(name)).toBeNull();
    watcher.socket.close(1000);
    await settle();
    // Nobody watches any more.
    await acquire(name, "&tokens=9");
    expect(setTimer).toHaveBeenCalledTimes(1);
  });

  it("a ping is answered without the object, which may be out of memory", async () => {
    const name = uniqueName();
    const watcher = await watch(name);
    await evictDurableObject(stubOf(name));
    watcher.socket.send("ping");
    await settle();
    expect(watcher.texts.at(-1)).toBe("pong");
    // Still out of memory: there is nothing to evict.
    await expect(evictDurableObject(stubOf(name))).rejects.toThrow();
  });

  it("a reset of the object closes the sockets", async () => {
    const name = uniqueName();
    const watcher = await watch(name);
    await abortAllDurableObjects();
    await settle();
    // By the connection's end: there is nobody left who could say anything.
    expect(watcher.closed?.code).toBe(1006);
  });
});

describe("what a watcher sends", () => {
  it.each([
    ["a text", "rubbish"],
    ["an empty text", ""],
    ["a report of what was never sent", '{"read":999999999999999}'],
    ["bytes", new Uint8Array([1, 2, 3])],
  ])("%s is ignored", async (_, data) => {
    const name = uniqueName();
    const watcher = await watch(name);
    watcher.socket.send(data);
    await acquire(name);
    await watcher.received();
    expect(watcher.events).toHaveLength(1);
    expect(watcher.closed).toBeUndefined();
  });

  it("a report of more than was sent counts for no more than was sent", async () => {
    const name = uniqueName();
    const watcher = await watch(name);
    const sent = watcher.texts[0]!.length;
    watcher.socket.send('{"read":999999999999999}');
    await acquire(name);
    await watcher.received();
    const total = sent + watcher.texts[1]!.length;
    await runInDurableObject(stubOf(name), (_, state) => {
      const [socket] = state.getWebSockets();
      expect(socket?.deserializeAttachment()).toMatchObject({ sent: total, read: sent });
    });
  });

  it("too much at once, or too often: it is closed, and nobody else is", async () => {
    const name = uniqueName();
    const [large, flooding, calm] = [await watch(name), await watch(name), await watch(name)];
    large.socket.send("x".repeat(1_025));
    for (let i = 0; i < 101; i += 1) flooding.socket.send("x");
    await settle();
    expect(large.closed).toEqual({ code: 1009, reason: "Over 1024 bytes" });
    expect(flooding.closed).toMatchObject({ code: 1008 });
    await acquire(name);
    await calm.received();
    expect(calm.events).toHaveLength(1);
    expect(calm.closed).toBeUndefined();
  });
});

describe("a bucket is watched by 100 at most", () => {
  it("the next gets 503 watchers-full, until one leaves", async () => {
    const name = uniqueName();
    const watchers: Watcher[] = [];
    while (watchers.length < 100) watchers.push(await watch(name));
    const over = await request(`/buckets/${name}/watch`, { headers: UPGRADE });
    expect(over.status).toBe(503);
    expect(over.headers.get("Retry-After")).toBe("5");
    expect(await over.json()).toMatchObject({ reason: "watchers-full", retryAfterMs: 5_000 });
    watchers[7]!.socket.close(1000);
    await settle();
    const next = await watch(name);
    await acquire(name);
    await next.received();
    await next.received();
    expect(next.events).toHaveLength(1);
    expect(watchers.map(({ events }) => events.length)).toEqual(
      watchers.map((_, i) => (i === 7 ? 0 : 1)),
    );
  });
});

describe("who may watch", () => {
  const TOKEN = 't"1~?';
  const base64url = (token: string): string =>
    btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  async function ask(variables: object, headers: Record<string, string>): Promise<Response> {
    const init = { headers: { ...UPGRADE, ...headers } };
    return deployed({ ...CLOSED, ...variables }, "/buckets/watched/watch", init);
  }

  it.each([
    ["the header", { Authorization: `Bearer ${TOKEN}` }, null],
    [
      "a subprotocol",
      { "Sec-WebSocket-Protocol": `sluice, sluice.bearer.${base64url(TOKEN)}` },
      "sluice",
    ],
    [
      "a subprotocol, in the other order",
      { "Sec-WebSocket-Protocol": `sluice.bearer.${base64url(TOKEN)},sluice` },
      "sluice",
    ],
  ])("a token in %s lets in", async (_, headers, subprotocol) => {
    const response = await ask({ API_TOKEN: TOKEN }, headers);
    expect(response.status).toBe(101);
    expect(response.headers.get("Sec-WebSocket-Protocol")).toBe(subprotocol);
    new Watcher(response.webSocket!).socket.close();
  });

  it.each<[string, Record<string, string>]>([
    ["no token", { "Sec-WebSocket-Protocol": "sluice" }],
    ["another token", { "Sec-WebSocket-Protocol": `sluice, sluice.bearer.${base64url("other")}` }],
    ["the token as it is", { "Sec-WebSocket-Protocol": `sluice, sluice.bearer.${TOKEN}` }],
    ["no base64url", { "Sec-WebSocket-Protocol": "sluice, sluice.bearer.%%%" }],
    ["an empty one", { "Sec-WebSocket-Protocol": "sluice, sluice.bearer." }],
    [
      "a line break in it",
      { "Sec-WebSocket-Protocol": `sluice.bearer.${base64url(`${TOKEN}\n`)}` },
    ],
    [
      "a wrong header beside the right subprotocol",
      {
        Authorization: "Bearer other",
        "Sec-WebSocket-Protocol": `sluice, sluice.bearer.${base64url(TOKEN)}`,
      },
    ],
  ])("%s: 401", async (_, headers) => {
    const response = await ask({ API_TOKEN: TOKEN }, headers);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ reason: "unauthorized" });
  });

  it("a token in the address is none", async () => {
    const init = { headers: UPGRADE };
    const path = `/buckets/watched/watch?token=t1&sluice.bearer=${base64url("t1")}`;
    expect((await deployed({ ...CLOSED, API_TOKEN: "t1" }, path, init)).status).toBe(401);
  });

  it("a deploy that nobody has opened: 401; a token without the right to read, or for other buckets: 401", async () => {
    expect((await ask({}, {})).status).toBe(401);
    for (const scope of [{ may: ["acquire"] }, { buckets: ["other"] }]) {
      const API_TOKEN = [{ token: "t1", ...scope }];
      const response = await ask({ API_TOKEN }, { Authorization: "Bearer t1" });
      expect(response.status).toBe(401);
    }
  });

  it.each<[string | undefined, object, number]>([
    [undefined, {}, 101],
    ["https://sluice.test", {}, 101],
    ["http://sluice.test", {}, 101],
    ["https://page.test", {}, 403],
    ["null", {}, 403],
    ["https://sluice.test.evil.test", {}, 403],
    ["https://evil.test#sluice.test", {}, 403],
    ["https://sluice.test:444", {}, 403],
    ["https://page.test", { CORS_ORIGINS: "https://page.test" }, 101],
    ["https://other.test", { CORS_ORIGINS: "https://page.test" }, 403],
    ["https://sluice.test", { CORS_ORIGINS: "https://page.test" }, 101],
    ["https://other.test", { CORS_ORIGINS: "*" }, 101],
  ])("a page of %s, with %o: %i", async (origin, variables, status) => {
    const headers = { ...(origin !== undefined && { Origin: origin }) };
    const response = await ask({ PUBLIC: "true", ...variables }, headers);
    expect(response.status).toBe(status);
    if (status === 101) new Watcher(response.webSocket!).socket.close();
    else expect(await response.json()).toMatchObject({ reason: "origin-not-allowed" });
  });
});

describe("requests that cannot watch", () => {
  it("no upgrade: 426 with Upgrade", async () => {
    const response = await request(`/buckets/${uniqueName()}/watch`);
    expect(response.status).toBe(426);
    expect(response.headers.get("Upgrade")).toBe("websocket");
    const problem: ProblemBody = await response.json();
    expect(problem).toMatchObject({ status: 426, reason: "upgrade-required" });
  });

  it("other methods: 405; a bad name: 400; a bucket that no policy has: 404, and no object is made", async () => {
    for (const method of ["POST", "HEAD", "PUT", "DELETE"]) {
      const response = await request("/buckets/x/watch", { method });
      expect(response.status).toBe(405);
      expect(response.headers.get("Allow")).toBe("GET");
    }
    const bad = await request("/buckets/a%20b/watch", { headers: UPGRADE });
    expect(await bad.json()).toMatchObject({ status: 400, errors: [{ field: "NAME" }] });
    const { "*": any } = CLOSED.POLICIES;
    const some = { ...CLOSED, PUBLIC: "true", POLICIES: { some: any } };
    const unknown = await deployed(some, "/buckets/x/watch", { headers: UPGRADE });
    expect(await unknown.json()).toMatchObject({ status: 404, reason: "unknown-bucket" });
  });

  it("a bucket whose state cannot be read: 503, and nobody is let in", async () => {
    const name = uniqueName();
    await acquire(name);
    await runInDurableObject(stubOf(name), (_, { storage }) => {
      storage.kv.put("bucket", { format: 1, name, policy: { capacity: -1 }, limiter: {} });
    });
    await evictDurableObject(stubOf(name));
    vi.spyOn(console, "error").mockReturnValue();
    const response = await request(`/buckets/${name}/watch`, { headers: UPGRADE });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ reason: "unavailable", retryAfterMs: 1_000 });
    await runInDurableObject(stubOf(name), (_, state) => {
      expect(state.getWebSockets()).toEqual([]);
    });
  });

  it("a name with a slash in it is watched as it is read", async () => {
    const name = uniqueName("a/b");
    const watcher = await watch(name);
    expect(watcher.messages[0]?.snapshot.bucket).toBe(name);
  });
});
