/** Sessions over real sockets: what a client may send, in whatever pieces, and what becomes of it. */
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { SessionMessage } from "../../src/protocol/session-messages.ts";

import { acquire, admin, changePolicy, snapshotOf, untilBucket } from "../../kit/http/callers.ts";
import { send } from "../../kit/http/http-connection.ts";
import { SessionConnection, frame } from "../../kit/http/session-connection.ts";
import { sessionWays } from "../../kit/http/ways-of-leaving.ts";
import { residentBytes } from "../../kit/processes/process-usage.ts";
import {
  startDev,
  startWorkerd,
  type DevServer,
  type WorkerdServer,
} from "../../kit/processes/server.ts";

/** No tick comes while a test runs. */
const slow = { capacity: 1, refillTokens: 1, refillIntervalMs: 600_000, maxWaitMs: 3_600_000 };
const much = {
  capacity: 1_000_000,
  initialTokens: 1_000_000,
  refillTokens: 1,
  refillIntervalMs: 86_400_000,
  maxWaitMs: 3_600_000,
};
const MIB = 1_048_576;

let server: WorkerdServer;
beforeAll(async () => {
  server = await startWorkerd({
    vars: admin.vars,
    policies: { "*": slow, "much:*": much, "second:*": { ...slow, refillIntervalMs: 1_000 } },
  });
});
afterAll(async () => {
  await server?.stop();
});

function open(bucket: string): Promise<SessionConnection> {
  return SessionConnection.open(server.url, bucket);
}

/** The messages that were answered to `id`. */
function answersTo(session: SessionConnection, id: unknown): SessionMessage[] {
  return session.messages.filter((message) => message.id === id);
}

describe.concurrent("a frame", () => {
  /** An acquire in a frame of so many bytes, of which many are halves of umlauts. */
  function frameOf(bytes: number): string {
    const ids = Array.from({ length: 400 }, (_, index) => `${"ä".repeat(60)}${index}`);
    const text = JSON.stringify(ids.map((id) => ({ op: "acquire", id })));
    const padding = bytes - Buffer.byteLength(text);
    expect(padding).toBeGreaterThanOrEqual(0);
    expect(text.length + padding).toBeLessThan(bytes);
    return text + " ".repeat(padding);
  }

  it("of 65,536 bytes is taken, whatever its characters", async () => {
    using session = await open("much:bytes");
    session.sendText(frameOf(65_536));
    await session.until(() => session.messages.length === 400);
    expect(session.messages.every((message) => "granted" in message)).toBe(true);
    expect(session.messages.at(-1)?.id).toBe(`${"ä".repeat(60)}399`);
  });

  it("of 65,537 bytes closes the session with 1009, and nothing of it is done", async () => {
    using session = await open("much:too-large");
    session.send({ op: "acquire", id: "before" });
    await session.ending("before");
    session.sendText(frameOf(65_537));
    await session.until(() => false);
    expect(session.closed).toEqual({
      code: 1009,
      reason: "A frame must be at most 65536 bytes: got 65537",
    });
    expect(await snapshotOf(server, "much:too-large")).toMatchObject({ granted: 1, refused: 0 });
  });

  it("of 1,000 messages is taken; of 1,001 nothing is done, and the session is closed", async () => {
    using session = await open("much:many");
    const calls = Array.from({ length: 1_001 }, (_, id) => ({ op: "acquire", id }));
    session.send(...calls.slice(1));
    await session.until(() => session.messages.length === 1_000);
    session.send(...calls);
    await session.until(() => false);
    expect(session.closed).toEqual({
      code: 1009,
      reason: "A frame must have at most 1000 messages: got 1001",
    });
    expect(await snapshotOf(server, "much:many")).toMatchObject({ granted: 1_000 });
  });

  it("that is binary, or isn't JSON, is refused, and the session goes on", async () => {
    using session = await open("much:odd");
    session.sendBinary(Buffer.from('{"op":"acquire","id":1}'));
    session.sendText("acquire");
    session.sendText("[]");
    session.send({ op: "acquire", id: 1 });
    await session.ending(1);
    expect(session.messages).toMatchObject([
      { id: null, refused: { reason: "invalid-request", errors: [{ field: "frame" }] } },
      { id: null, refused: { reason: "invalid-request", errors: [{ field: "frame" }] } },
      { id: 1, granted: { remaining: 999_999 } },
    ]);
  });

  it("with rubbish in it: each message is answered, and the good ones are done", async () => {
    using session = await open("much:rubbish");
    const rubbish = [5, null, {}, { op: "fly", id: 2 }, { op: "acquire", id: 3, tokens: -1 }, []];
    session.sendText(
      JSON.stringify([{ op: "acquire", id: 0 }, ...rubbish, { op: "acquire", id: "z" }]),
    );
    await session.until(() => session.messages.length === 8);
    const { messages } = session;
    expect(messages.filter((message) => "refused" in message).map(({ id }) => id)).toEqual([
      null,
      null,
      null,
      2,
      3,
      null,
    ]);
    expect(messages.filter((message) => "granted" in message).map(({ id }) => id)).toEqual([
      0,
      "z",
    ]);
  });

  it("that is cut in half is done once its rest has come, and not at all if it never comes", async () => {
    using session = await open("much:cut");
    const bytes = frame("text", Buffer.from('{"op":"acquire","id":1}'));
    for (const [index] of bytes.entries()) {
      session.sendBytes(bytes.subarray(index, index + 1));
      if (index % 8 === 0) await setTimeout(5);
      if (index < bytes.length - 1) expect(session.messages).toEqual([]);
    }
    await session.ending(1);
    session.sendBytes(bytes.subarray(0, -1));
    session.destroy();
    await untilBucket(server, "much:cut", ({ sessions = 0 }) => sessions === 0);
    expect(await snapshotOf(server, "much:cut")).toMatchObject({ granted: 1, cancelled: 0 });
  });

  it("`ping` is answered with `pong`", async () => {
    using session = await open("much:ping");
    session.sendText("ping");
    await session.until(() => session.texts.length > 0);
    expect(session.texts).toEqual(["pong"]);
    expect(session.messages).toEqual([]);
  });
});

describe.concurrent("an acquire of a session", () => {
  it("whose id is in use is refused, and the first goes on", async () => {
    const bucket = "doubled";
    await acquire(server, bucket);
    using session = await open(bucket);
    session.send({ op: "acquire", id: 7 }, { op: "acquire", id: 7 }, { op: "acquire", id: "7" });
    await session.answer(7, "refused");
    expect(answersTo(session, 7)).toMatchObject([{ queued: {} }, { refused: {} }]);
    expect(answersTo(session, 7)[1]).toMatchObject({
      refused: { status: 409, reason: "id-in-use", detail: expect.stringContaining("The id 7 ") },
    });
    expect(await snapshotOf(server, bucket)).toMatchObject({ waiters: 2, sessions: 1 });
    await changePolicy(server, bucket, { refillIntervalMs: 50 });
    expect(await session.answer(7, "granted")).toMatchObject({ granted: { tokens: 1 } });
    // Over: the id is free again.
    session.send({ op: "acquire", id: 7, timeoutMs: 0 });
    await session.until(() => answersTo(session, 7).length === 4);
  });

  it("with the key of another one in its frame gets the same grant, which is paid once", async () => {
    using session = await open("much:keys");
    session.send(
      { op: "acquire", id: 1, key: "k", tokens: 10 },
      { op: "acquire", id: 2, key: "k", tokens: 10 },
    );
    const [one, two] = [await session.ending(1), await session.ending(2)];
    expect(one).toEqual({ ...two, id: 1 });
    expect(one).toMatchObject({ granted: { tokens: 10, remaining: 999_990 } });
    expect(await snapshotOf(server, "much:keys")).toMatchObject({ tokens: 999_990, granted: 1 });
  });

  it("with the key of one that waits shares its place, also over HTTP", async () => {
    const bucket = "shared";
    await acquire(server, bucket);
    using session = await open(bucket);
    session.send({ op: "acquire", id: 1, key: "k" }, { op: "acquire", id: 2, key: "k" });
    await session.answer(2, "queued");
    const headers = { "Idempotency-Key": "k" };
    const overHttp = send(server.url, `/acquire?bucket=${bucket}`, { headers });
    await setTimeout(100);
    expect(await snapshotOf(server, bucket)).toMatchObject({ waiters: 1 });
    await changePolicy(server, bucket, { refillIntervalMs: 50 });
    const ending = await session.ending(1);
    expect(await session.ending(2)).toEqual({ ...ending, id: 2 });
    expect((await overHttp).body).toEqual({
      bucket,
      ...("granted" in ending ? ending.granted : {}),
    });
    expect(await snapshotOf(server, bucket)).toMatchObject({ granted: 2 });
  });

  it("whose cancel crosses its grant stays granted", async () => {
    using session = await open("much:crossing");
    session.send({ op: "acquire", id: 1 }, { op: "cancel", id: 1 });
    session.send({ op: "acquire", id: 2 });
    await session.ending(2);
    session.send({ op: "cancel", id: 2 });
    await session.answer(2, "cancelled");
    // In one frame, the cancel finds it settled, and it has that ending alone.
    expect(answersTo(session, 1)).toMatchObject([{ granted: { tokens: 1 } }]);
    expect(answersTo(session, 2)).toMatchObject([{ granted: { tokens: 1 } }, { cancelled: {} }]);
    expect(await snapshotOf(server, "much:crossing")).toMatchObject({ granted: 2, cancelled: 0 });
  });

  it("is cancelled by a message, and those behind it move up", async () => {
    const bucket = "moves";
    await acquire(server, bucket);
    using session = await open(bucket);
    session.send({ op: "acquire", id: 1 }, { op: "acquire", id: 2, follow: true });
    await session.answer(2, "queued");
    session.send({ op: "cancel", id: 1 }, { op: "cancel", id: "unknown" });
    expect(await session.ending(1)).toEqual({ id: 1, cancelled: {} });
    expect(await session.ending("unknown")).toEqual({ id: "unknown", cancelled: {} });
    await session.until(() => answersTo(session, 2).length === 2);
    expect(answersTo(session, 2)).toMatchObject([
      { queued: { position: 2 } },
      { queued: { position: 1 } },
    ]);
  });

  it("waits in one queue with requests over HTTP", async () => {
    const bucket = "second:mixed";
    await acquire(server, bucket);
    using session = await open(bucket);
    session.send({ op: "acquire", id: 1 });
    await session.answer(1, "queued");
    const second = acquire(server, bucket);
    await untilBucket(server, bucket, ({ waiters }) => waiters === 2);
    session.send({ op: "acquire", id: 3 });
    const [one, three] = [await session.ending(1), await session.ending(3)];
    const { grantedAtMs } = await second;
    if (!("granted" in one) || !("granted" in three)) throw new Error("not granted");
    expect(grantedAtMs - one.granted.grantedAtMs).toBeCloseTo(1_000, -2);
    expect(three.granted.grantedAtMs - grantedAtMs).toBeCloseTo(1_000, -2);
  });

  it("of which a thousand are granted at one instant: in one frame, in their order", async () => {
    const bucket = "tick";
    await changePolicy(server, bucket, { capacity: 1_000, refillTokens: 1_000, initialTokens: 0 });
    using session = await open(bucket);
    session.send(...Array.from({ length: 1_000 }, (_, id) => ({ op: "acquire", id })));
    await session.until(() => session.messages.length === 1_000);
    const queuedIn = session.frames.length;
    await changePolicy(server, bucket, { refillIntervalMs: 100 });
    await session.until(() => session.messages.length === 2_000);
    expect(session.frames.length - queuedIn).toBe(1);
    const granted = session.frames.at(-1) ?? [];
    expect(granted.map(({ id }) => id)).toEqual(Array.from({ length: 1_000 }, (_, id) => id));
    expect(JSON.stringify(granted).length).toBeGreaterThan(65_536);
  });
});

describe.concurrent("what admins do while sessions wait", () => {
  async function waiting(bucket: string, timeoutMs: number): Promise<SessionConnection> {
    await acquire(server, bucket);
    const session = await open(bucket);
    session.send({ op: "acquire", id: 1, timeoutMs }, { op: "acquire", id: 2 });
    await session.answer(2, "queued");
    return session;
  }

  it("a policy that is faster serves them sooner", async () => {
    using session = await waiting("put", 3_600_000);
    await changePolicy(server, "put", { refillIntervalMs: 50 });
    for (const id of [1, 2]) expect(await session.ending(id)).toHaveProperty("granted");
  });

  it("a policy that is slower refuses those that can't be served in time any more", async () => {
    using session = await waiting("slower", 600_000);
    await changePolicy(server, "slower", { refillIntervalMs: 900_000 });
    expect(await session.ending(1)).toMatchObject({ refused: { status: 429, reason: "timeout" } });
    expect(await snapshotOf(server, "slower")).toMatchObject({ waiters: 1 });
  });

  it("a pause refuses those it makes late, and the others stay", async () => {
    using session = await waiting("paused", 600_000);
    await send(server.url, "/buckets/paused/pause", {
      method: "POST",
      headers: admin.headers,
      body: { untilMs: Date.now() + 700_000 },
    });
    expect(await session.ending(1)).toMatchObject({ refused: { reason: "timeout" } });
    expect(await snapshotOf(server, "paused")).toMatchObject({ waiters: 1 });
  });

  it("DELETE refuses them with bucket-reset, and their session goes on in the new bucket", async () => {
    using session = await waiting("deleted", 3_600_000);
    const deleted = { method: "DELETE", headers: admin.headers };
    expect((await send(server.url, "/buckets/deleted", deleted)).status).toBe(204);
    for (const id of [1, 2]) {
      expect(await session.ending(id)).toMatchObject({ refused: { reason: "bucket-reset" } });
    }
    session.send({ op: "acquire", id: 3 });
    expect(await session.ending(3)).toMatchObject({ granted: { remaining: 0 } });
    expect(session.closed).toBeUndefined();
  });
});

describe("bounds", () => {
  it("a reader that has stopped is closed, its places are free, and memory stays bounded", async () => {
    const bucket = "stopped";
    await acquire(server, bucket);
    using session = await open(bucket);
    session.send({ op: "acquire", id: "a" }, { op: "acquire", id: "b", follow: true });
    await session.answer("b", "queued");
    session.pause();
    const before = await residentBytes(server.pid);
    const calls = Array.from({ length: 1_000 }, (_, id) => ({ op: "acquire", id, timeoutMs: 0 }));
    let frames = 0;
    // Answers of 300 KB, of which the system takes some megabytes.
    while ((await snapshotOf(server, bucket)).sessions === 1) {
      session.send(...calls);
      frames += 1;
      expect(frames).toBeLessThan(500);
    }
    const grown = (await residentBytes(server.pid)) - before;
    expect(grown / MIB).toBeLessThan(64);
    expect(await snapshotOf(server, bucket)).toMatchObject({ waiters: 0 });
    session.resume();
    await session.until(() => false);
    expect(session.closed).toEqual({ code: 4408, reason: "Over 4194304 bytes not read" });
  }, 120_000);

  it("the 1,001st session of a bucket is refused, until one ends", async () => {
    const bucket = "much:sessions";
    const sessions: SessionConnection[] = [];
    while (sessions.length < 1_000) {
      const some = Array.from({ length: 100 }, () => open(bucket));
      sessions.push(...(await Promise.all(some)));
    }
    try {
      const headers = { Connection: "Upgrade", Upgrade: "websocket" };
      const path = `/buckets/${bucket}/session`;
      const over = await send(server.url, path, { headers });
      expect(over.status).toBe(503);
      expect(over.headers["retry-after"]).toBe("5");
      expect(over.body).toMatchObject({ reason: "sessions-full", retryAfterMs: 5_000 });
      sessions[7]?.reset();
      await untilBucket(server, bucket, (snapshot) => snapshot.sessions === 999);
      using next = await open(bucket);
      next.send({ op: "acquire", id: 1 });
      expect(await next.ending(1)).toHaveProperty("granted");
      const last = sessions.at(-1);
      last?.send({ op: "acquire", id: 1 });
      expect(await last?.ending(1)).toHaveProperty("granted");
    } finally {
      for (const session of sessions) session.destroy();
    }
    await untilBucket(server, bucket, ({ sessions: open = 0 }) => open === 0);
  }, 120_000);
});

describe("npm start", () => {
  let dev: DevServer;
  beforeAll(async () => {
    dev = await startDev({ args: ["--var", `POLICIES:${JSON.stringify({ "*": slow })}`] });
  });
  afterAll(async () => {
    await dev?.stop();
  });

  it.each(sessionWays)("$name: its place is free within a second", async (way) => {
    const bucket = `dev:${sessionWays.indexOf(way)}`;
    await acquire(dev, bucket);
    const caller = await way.ask(dev.url, bucket);
    await untilBucket(dev, bucket, ({ waiters }) => waiters === 1);
    await caller.leave();
    const leftAtMs = performance.now();
    await untilBucket(dev, bucket, ({ waiters }) => waiters === 0);
    expect(performance.now() - leftAtMs).toBeLessThan(1_000);
  });
});
