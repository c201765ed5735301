/** Streamed acquires over real sockets: clients that leave, that stand still, and that are many. */
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { GrantBody, QueuedBody } from "../../src/protocol/acquire-bodies.ts";
import type { EventReader } from "../../kit/http/event-stream.ts";

import {
  acquire,
  acquirePath,
  admin,
  changePolicy,
  openStream,
  snapshotOf,
  untilBucket,
  type HeldStream,
} from "../../kit/http/callers.ts";
import { send } from "../../kit/http/http-connection.ts";
import { startDev, startWorkerd } from "../../kit/processes/server.ts";
import { streamedWays } from "../../kit/http/ways-of-leaving.ts";

/** So seldom that no tick comes while a test runs. */
const NO_TICK_MS = 600_000;
/** A second, and what a busy machine adds. */
const NOTICED_MS = 2_500;

interface Server {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

const slow = { capacity: 1, refillTokens: 1, refillIntervalMs: NO_TICK_MS, maxWaitMs: 3_600_000 };

const servers: Record<string, () => Promise<Server>> = {
  workerd: () => startWorkerd({ vars: admin.vars }),
  "npm start": () => startDev({ args: ["--var", `ADMIN_TOKEN:${admin.vars.ADMIN_TOKEN}`] }),
};

describe.each(Object.entries(servers))("on %s", (_, start) => {
  let server: Server;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => {
    await server?.stop();
  });

  /** A bucket whose token is gone, and callers who wait for the next one. */
  async function queueUp(bucket: string, count: number): Promise<HeldStream[]> {
    await changePolicy(server, bucket, slow);
    await acquire(server, bucket);
    const waiting: HeldStream[] = [];
    while (waiting.length < count) {
      const request = await openStream(server.url, acquirePath(bucket));
      await request.reader.until(1);
      waiting.push(request);
    }
    return waiting;
  }

  it.each(streamedWays)("notices a client that leaves: $name", async (way) => {
    const bucket = `leaves:${streamedWays.indexOf(way)}`;
    const [head] = await queueUp(bucket, 1);
    const leaver = await way.ask(server.url, bucket);
    await untilBucket(server, bucket, ({ waiters }) => waiters === 2);
    const behind = await openStream(server.url, acquirePath(bucket));
    await behind.reader.until(1);
    // Not at an instant at which something is written anyway.
    await setTimeout(450);
    await leaver.leave();
    const leftAtMs = performance.now();
    await behind.reader.until(2);
    expect(performance.now() - leftAtMs).toBeLessThan(NOTICED_MS);
    const places = behind.reader.events.map(({ data }) => (data as QueuedBody).position);
    expect(places).toEqual([3, 2]);
    const left = await untilBucket(server, bucket, ({ waiters }) => waiters === 2);
    expect(left).toMatchObject({ cancelled: 1, granted: 1, queuedTokens: 2 });
    head?.connection.close();
    behind.connection.close();
    await untilBucket(server, bucket, ({ waiters }) => waiters === 0);
  });

  it("is never silent for long, and says nothing but that it is there", async () => {
    const [waiting] = await queueUp("silence", 1);
    await setTimeout(2_500);
    expect(waiting?.reader.longestSilenceMs).toBeLessThan(1_500);
    expect(waiting?.reader.heartbeats).toBeGreaterThanOrEqual(2);
    expect(waiting?.reader.events).toHaveLength(1);
    waiting?.connection.close();
  });

  it("counts down to the grant", async () => {
    const bucket = "down";
    await changePolicy(server, bucket, { refillIntervalMs: 400 });
    await acquire(server, bucket);
    const waiting = await Promise.all(
      Array.from({ length: 3 }, () => openStream(server.url, acquirePath(bucket))),
    );
    await Promise.all(waiting.map(({ reader }) => reader.done));
    for (const { reader } of waiting) {
      const positions = reader.events.slice(0, -1).map(({ data }) => (data as QueuedBody).position);
      const first = positions[0] ?? 0;
      expect(positions).toEqual(Array.from({ length: first }, (_, gone) => first - gone));
      const grant = reader.last?.data as GrantBody;
      const firstPlace = reader.events[0]?.data as QueuedBody;
      expect(Math.abs(grant.waitedMs - firstPlace.etaMs)).toBeLessThan(250);
    }
  });
});

describe("on workerd", () => {
  const fast = { refillIntervalMs: 200, capacity: 100, refillTokens: 100, initialTokens: 0 };
  let server: Awaited<ReturnType<typeof startWorkerd>>;
  beforeAll(async () => {
    const policy = { ...fast, queueLimit: 10_000, maxWaitMs: 3_600_000 };
    server = await startWorkerd({
      main: "chaos/workers/abortable.ts",
      policies: { "*": policy },
      vars: admin.vars,
    });
  });
  afterAll(async () => {
    await server?.stop();
  });

  it("grants a thousand who watch one queue, in order, and tells each where it stands", async () => {
    await changePolicy(server, "thousand", { refillIntervalMs: 60_000 });
    const requests = await openMany(server.url, acquirePath("thousand"), 1_000);
    await untilBucket(server, "thousand", ({ waiters }) => waiters === 1_000);
    await changePolicy(server, "thousand", fast);
    await Promise.all(requests.map(({ reader }) => reader.done));
    const outcomes = requests
      .map(({ reader }) => outcomeOf(reader))
      .toSorted((a, b) => a.at - b.at);
    expect(outcomes.map(({ at }) => at)).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1));
    const grantedAtMs = outcomes.map(({ grant }) => grant.grantedAtMs);
    expect(grantedAtMs).toEqual(grantedAtMs.toSorted((a, b) => a - b));
    const { granted, waiters } = await untilBucket(server, "thousand", () => true);
    expect({ granted, waiters }).toEqual({ granted: 1_000, waiters: 0 });
  });

  it("goes on with the streams of an object that is reset, in their order", async () => {
    const bucket = "reset";
    await changePolicy(server, bucket, { refillIntervalMs: 1_000, capacity: 1, refillTokens: 1 });
    const waiting: EventReader[] = [];
    while (waiting.length < 5) {
      const { reader } = await openStream(server.url, acquirePath(bucket));
      await reader.until(1);
      waiting.push(reader);
    }
    // Between two ticks: whose grant is under way when its object goes may lose it.
    const { nextTickAtMs } = await snapshotOf(server, bucket);
    await setTimeout(nextTickAtMs - Date.now() + 400);
    const { status } = await send(server.url, `/abort?bucket=${bucket}`, { method: "POST" });
    expect(status).toBe(204);
    await Promise.all(waiting.map(({ done }) => done));
    const granted = waiting.map((reader) => outcomeOf(reader).grant.grantedAtMs);
    expect(granted).toEqual(granted.toSorted((a, b) => a - b));
    for (const [index, { events }] of waiting.entries()) {
      const positions = events.slice(0, -1).map(({ data }) => (data as QueuedBody).position);
      expect(positions).toEqual(Array.from({ length: index + 1 }, (_, gone) => index + 1 - gone));
    }
    expect(await snapshotOf(server, bucket)).toMatchObject({ granted: 5, waiters: 0 });
  });

  it("is not held up by clients that never read", async () => {
    const bucket = "deaf";
    const head = `GET ${acquirePath(bucket)} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n`;
    const sockets = Array.from({ length: 50 }, () => {
      const socket = connect(server.port, "127.0.0.1").on("error", () => undefined);
      // Nobody listens for data: the socket stands still.
      socket.pause().write(head);
      return socket;
    });
    await untilBucket(server, bucket, ({ waiters, granted }) => waiters + granted === 50);
    const behind = await openStream(server.url, acquirePath(bucket, "tokens=100"));
    await behind.reader.done;
    expect(behind.reader.last).toMatchObject({ event: "granted", data: { tokens: 100 } });
    const { granted } = await untilBucket(server, bucket, ({ waiters }) => waiters === 0);
    expect(granted).toBe(51);
    for (const socket of sockets) socket.destroy();
  });

  it.each(["reset", "close"] as const)(
    "frees the places of a thousand who leave at once: %s",
    async (way) => {
      const bucket = `exodus:${way}`;
      // Larger than a tick brings, and in front of all: nobody is granted in time.
      const first = await openStream(server.url, acquirePath(bucket, "tokens=100"));
      const requests = await openMany(server.url, acquirePath(bucket, "tokens=100"), 1_000);
      await Promise.all(requests.map(({ reader }) => reader.until(1)));
      for (const { connection } of requests) connection[way]();
      const left = await untilBucket(server, bucket, ({ waiters }) => waiters <= 1);
      expect(left.granted + left.cancelled + left.waiters).toBe(1_001);
      expect(left.cancelled).toBeGreaterThan(500);
      first.connection.close();
    },
  );
});

async function openMany(url: string, path: string, count: number): Promise<HeldStream[]> {
  const AT_A_TIME = 100;
  const requests: HeldStream[] = [];
  while (requests.length < count) {
    const some = Array.from({ length: Math.min(AT_A_TIME, count - requests.length) }, () =>
      openStream(url, path),
    );
    requests.push(...(await Promise.all(some)));
  }
  return requests;
}

/** Where it first stood, and what it was granted. */
function outcomeOf({ events, last }: EventReader): { at: number; grant: GrantBody } {
  if (last?.event !== "granted") throw new Error(`Not granted: ${JSON.stringify(last)}`);
  const grant = last.data as GrantBody;
  const first = events[0]?.data as QueuedBody;
  return { at: first.position, grant };
}
