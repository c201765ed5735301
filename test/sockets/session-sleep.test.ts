/**
 * Objects in which only sessions wait: they leave memory, really, and come back with all places. The runtime waits ten
 * seconds for that, so all buckets of this file wait side by side, in one process.
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { SessionMessage } from "../../src/protocol/session-messages.ts";

import { SessionConnection } from "../../kit/http/session-connection.ts";
import { startDev, startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";

/** When the first tokens come in: well after an idle object is gone, and after what happens while it sleeps. */
const TICK_MS = 20_000;
/** After which an object sleeps in which nothing has happened. */
const ASLEEP_MS = 12_500;
/** When all of this has happened, and the process may be killed: an object was asleep twice. */
const DONE_MS = TICK_MS + ASLEEP_MS + 8_000;
const ADMIN = { Authorization: "Bearer admin" };

let server: WorkerdServer;
let startedAtMs: number;
const sessions: SessionConnection[] = [];

beforeAll(async () => {
  const ofMany = (tokens: number, refillIntervalMs = TICK_MS) => ({
    capacity: tokens,
    refillTokens: tokens,
    refillIntervalMs,
    initialTokens: 0,
  });
  server = await startWorkerd({
    main: "kit/workers/talkative.ts",
    vars: { ADMIN_TOKEN: "admin" },
    policies: {
      crowd: ofMany(500),
      leavers: ofMany(2),
      changed: ofMany(1),
      often: ofMany(1, 1_000),
      crashed: ofMany(3, 58_000),
    },
  });
  startedAtMs = performance.now();
});

afterAll(async () => {
  for (const session of sessions) session.destroy();
  await server.stop();
});

async function open(bucket: string): Promise<SessionConnection> {
  const session = await SessionConnection.open(server.url, bucket);
  sessions.push(session);
  return session;
}

/** A session in which one acquire waits. */
async function waiting(bucket: string, more: object = {}): Promise<SessionConnection> {
  const session = await open(bucket);
  session.send({ op: "acquire", id: 1, timeoutMs: 60_000, ...more });
  await session.answer(1, "queued");
  return session;
}

/** How often an object has come into memory. */
function startsOf(bucket: string): number {
  return server.output.split(`An object starts: ${bucket}\n`).length - 1;
}

async function snapshotOf(bucket: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.url}/buckets/${bucket}`);
  return (await response.json()) as Record<string, unknown>;
}

function grantOf(message: SessionMessage): { grantedAtMs: number; waitedMs: number } {
  if (!("granted" in message)) throw new Error(`Not granted: ${JSON.stringify(message)}`);
  return message.granted;
}

function ticketOf(message: SessionMessage): string {
  if (!("queued" in message) || message.queued.ticket === undefined) {
    throw new Error(`No ticket: ${JSON.stringify(message)}`);
  }
  return message.queued.ticket;
}

/** Not before the tick, but for the milliseconds between two messages of a frame, and not at a later one. */
function expectOnTime(waitedMs: number, tickMs: number): void {
  expect(waitedMs).toBeGreaterThanOrEqual(tickMs - 20);
  expect(waitedMs).toBeLessThan(tickMs + 900);
}

describe.concurrent("an object in which only sessions wait", () => {
  it("is woken by its alarm, serves 500 of them at the right tick, and none of them twice", async () => {
    const crowd = await Promise.all(Array.from({ length: 500 }, () => waiting("crowd")));
    expect(startsOf("crowd")).toBe(1);
    const granted = await Promise.all(crowd.map((session) => session.ending(1)));
    expect(startsOf("crowd")).toBe(2);
    const atMs = new Set(granted.map((message) => grantOf(message).grantedAtMs));
    expect(atMs.size).toBe(1);
    // The first of them has started the bucket, so its tick is this long after it came.
    expectOnTime(Math.max(...granted.map((message) => grantOf(message).waitedMs)), TICK_MS);
    // It sleeps again, and wakes up for this: whatever was saved before the tick is not true any more.
    await setTimeout(ASLEEP_MS);
    expect(await snapshotOf("crowd")).toMatchObject({ granted: 500, waiters: 0, sessions: 500 });
    expect(startsOf("crowd")).toBe(3);
    await setTimeout(2_000);
    expect(await snapshotOf("crowd")).toMatchObject({ granted: 500, waiters: 0 });
    expect(crowd.map(({ messages }) => messages.length)).toEqual(crowd.map(() => 2));
  });

  it("is woken by callers that leave or are killed, and their places are free", async () => {
    const leaver = await waiting("leavers");
    const killed = execFile(process.execPath, [
      "--input-type=module",
      "--eval",
      `const socket = new WebSocket(${JSON.stringify(`${server.url}/buckets/leavers/session`)}, ["sluice.v1"]);
       socket.onopen = () => socket.send('{"op":"acquire","id":1,"timeoutMs":60000}');
       socket.onmessage = ({ data }) => console.log(data);`,
    ]);
    if (killed.stdout) await once(killed.stdout, "data");
    const others = [await waiting("leavers"), await waiting("leavers")];
    await setTimeout(ASLEEP_MS);
    expect(startsOf("leavers")).toBe(1);
    leaver.destroy();
    killed.kill("SIGKILL");
    await once(killed, "exit");
    while ((await snapshotOf("leavers"))["waiters"] !== 2) await setTimeout(20);
    expect(startsOf("leavers")).toBe(2);
    await Promise.all(others.map((session) => session.ending(1)));
    expect(await snapshotOf("leavers")).toMatchObject({ granted: 2, cancelled: 2 });
  });

  it("is woken by a new policy, which counts for those who wait", async () => {
    const two = [await waiting("changed"), await waiting("changed")];
    await setTimeout(ASLEEP_MS);
    const changes = { capacity: 2, refillTokens: 2 };
    const init = { method: "PUT", headers: ADMIN, body: JSON.stringify(changes) };
    expect((await fetch(`${server.url}/buckets/changed`, init)).status).toBe(200);
    expect(startsOf("changed")).toBe(2);
    const granted = await Promise.all(two.map((session) => session.ending(1)));
    const [one, other] = granted.map((message) => grantOf(message).grantedAtMs);
    expect(one).toBe(other);
  });

  it("goes on with tickets after a crash while it slept, each in its place", async () => {
    const three = [await waiting("crashed"), await waiting("crashed"), await waiting("crashed")];
    const tickets = await Promise.all(
      three.map(async (session) => ticketOf(await session.answer(1, "queued"))),
    );
    await setTimeout(DONE_MS - (performance.now() - startedAtMs));
    expect(startsOf("crashed")).toBe(1);
    await server.restart();
    expect(three.map(({ closed }) => closed?.code)).toEqual([1006, 1006, 1006]);
    const again = await Promise.all(
      tickets.toReversed().map(async (ticket) => {
        const session = await open("crashed");
        session.send({ op: "acquire", id: 1, timeoutMs: 60_000, follow: true, ticket });
        await session.answer(1, "queued");
        return session;
      }),
    );
    while ((await snapshotOf("crashed"))["waiters"] !== 3) await setTimeout(20);
    await setTimeout(500);
    const positions = again.map(({ messages }) => {
      const last = messages.at(-1);
      return last && "queued" in last ? last.queued.position : undefined;
    });
    expect(positions).toEqual([3, 2, 1]);
  });

  it("serves one a second by its alarm alone", async () => {
    const session = await open("often");
    session.send(
      ...Array.from({ length: 8 }, (_, id) => ({ op: "acquire", id, timeoutMs: 60_000 })),
    );
    const granted = await Promise.all(Array.from({ length: 8 }, (_, id) => session.ending(id)));
    for (const [id, message] of granted.entries()) {
      expectOnTime(grantOf(message).waitedMs, (id + 1) * 1_000);
    }
  });
});

it("an object of npm start sleeps, too, and its session is granted", async () => {
  await using dev = await startDev({ args: ["--var", "ADMIN_TOKEN:admin"] });
  const fields = { capacity: 1, refillTokens: 1, refillIntervalMs: TICK_MS, initialTokens: 0 };
  const init = { method: "PUT", headers: ADMIN, body: JSON.stringify(fields) };
  expect((await fetch(`${dev.url}/buckets/dev`, init)).status).toBe(200);
  using session = await SessionConnection.open(dev.url, "dev");
  const ask = { op: "acquire", timeoutMs: 60_000 };
  session.send({ ...ask, id: 1 }, { ...ask, id: 2 });
  const ticket = ticketOf(await session.answer(2, "queued"));
  session.send({ op: "cancel", id: 2 });
  await session.ending(2);
  session.send({ ...ask, id: 3, ticket });
  expect(await session.ending(3)).toMatchObject({ cancelled: {} });
  const granted = await session.ending(1);
  expectOnTime(grantOf(granted).waitedMs, TICK_MS);
  // That it was cancelled was in memory, and that is gone.
  session.send({ ...ask, id: 4, ticket });
  expect(await session.answer(4, "queued", "cancelled")).toMatchObject({ queued: {} });
});
