/**
 * What reports to the directory cost their buckets, in the runtime as it is: objects sleep as before, callers that hang
 * up are noticed as before, and buckets that are asked once report nothing. The runtime waits ten seconds before an
 * idle object leaves memory, so all buckets of this file are asked side by side.
 */
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { BusyBucket, BusyBuckets } from "../../src/protocol/busy-bucket.ts";

import { snapshotOf, untilBucket } from "../../kit/http/callers.ts";
import { SessionConnection } from "../../kit/http/session-connection.ts";
import { waysOfLeaving } from "../../kit/http/ways-of-leaving.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";

/** Longer than it takes an idle object to leave memory. */
const SLEEPY_MS = 14_000;
/** What the contract says of a caller that hangs up. */
const FREED_MS = 250;
/** After which the list must be whole after a restart of the directory. */
const WHOLE_AFTER_MS = 15_000;

let server: WorkerdServer;
const sessions: SessionConnection[] = [];

beforeAll(async () => {
  const every = (refillIntervalMs: number, capacity = 1) => ({
    capacity,
    refillTokens: capacity,
    refillIntervalMs,
    initialTokens: 0,
    maxWaitMs: 3_600_000,
  });
  server = await startWorkerd({
    main: "kit/workers/reporting.ts",
    policies: {
      sleeper: every(SLEEPY_MS),
      chatty: every(3_600_000),
      "slow*": every(3_600_000),
      "once*": every(1_000, 100),
      "busy*": every(1_000),
    },
  });
});
afterAll(async () => {
  for (const session of sessions) session.destroy();
  await server.stop();
});

/** How often a line is in the log. */
function logged(line: string): number {
  return server.output.split(`${line}\n`).length - 1;
}

async function untilLogged(line: string, times = 1): Promise<void> {
  while (logged(line) < times) await setTimeout(5);
}

async function open(bucket: string): Promise<SessionConnection> {
  const session = await SessionConnection.open(server.url, bucket);
  sessions.push(session);
  return session;
}

async function list(query = ""): Promise<BusyBuckets> {
  const response = await fetch(`${server.url}/buckets?limit=1000&${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as BusyBuckets;
}

async function listed(bucket: string): Promise<BusyBucket | undefined> {
  const { buckets } = await list(`prefix=${bucket}`);
  return buckets.find((one) => one.bucket === bucket);
}

describe.concurrent("a bucket that reports", () => {
  it("sleeps between two ticks while only sessions wait, and reports when it wakes up", async () => {
    const session = await open("sleeper");
    for (const id of [1, 2, 3]) session.send({ op: "acquire", id, timeoutMs: 60_000 });
    await session.answer(3, "queued");
    for (const id of [1, 2]) {
      await session.ending(id);
      // The turn has ended, and its report is on its way.
      await setTimeout(1_000);
      expect(await listed("sleeper")).toMatchObject({ waiters: 3 - id, grantedPerS: 0.1 });
    }
    await session.ending(3);
    await setTimeout(1_000);
    expect(await listed("sleeper")).toMatchObject({ waiters: 0 });
    // Asleep before each of the ticks, although it has reported at each.
    expect(logged("An object starts: sleeper")).toBe(4);
    expect(logged("A report: sleeper")).toBe(3);
  });

  it("sleeps ten seconds after the last message of its sessions, as any other", async () => {
    const session = await open("chatty");
    session.send({ op: "acquire", id: "waits", timeoutMs: 3_600_000 });
    await session.answer("waits", "queued");
    for (let id = 1; id <= 32; id += 1) {
      session.send({ op: "acquire", id, timeoutMs: 0 });
      await session.ending(id);
      await setTimeout(500);
    }
    expect(logged("A report: chatty")).toBe(2);
    await setTimeout(12_500);
    expect(logged("An object starts: chatty")).toBe(1);
    expect(await snapshotOf(server, "chatty")).toMatchObject({ waiters: 1 });
    await untilLogged("An object starts: chatty", 2);
    // Only the ask for its state has woken it, and nothing was there to report again.
    expect(await listed("chatty")).toMatchObject({ waiters: 1 });
  });
});

describe.concurrent("the list", () => {
  it("lacks buckets that are asked once, or a few times", async () => {
    const names = Array.from({ length: 40 }, (_, index) => `once:${index}`);
    for (let round = 0; round < 4; round += 1) {
      for (const name of names) await fetch(`${server.url}/acquire?bucket=${name}&timeoutMs=0`);
      await setTimeout(3_000);
    }
    expect((await list("prefix=once")).buckets).toEqual([]);
    for (const name of names) expect(logged(`A report: ${name}`)).toBe(0);
  });

  it("is whole again within fifteen seconds after the directory was restarted", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `busy:${index}`);
    const asking = new AbortController();
    const asked = names.map(async (name) => {
      while (!asking.signal.aborted) {
        await fetch(`${server.url}/acquire?bucket=${name}&timeoutMs=0`);
        await setTimeout(400);
      }
    });
    const isWhole = async (): Promise<boolean> => {
      return (await list("prefix=busy")).buckets.length === names.length;
    };
    while (!(await isWhole())) await setTimeout(500);
    await fetch(`${server.url}/restart-directory`, { method: "POST" });
    const restartedAtMs = performance.now();
    expect(await isWhole()).toBe(false);
    while (!(await isWhole())) await setTimeout(100);
    expect(performance.now() - restartedAtMs).toBeLessThan(WHOLE_AFTER_MS);
    asking.abort();
    await Promise.all(asked);
  });
});

// By themselves: it is milliseconds that count.
describe("a caller that hangs up while a report is under way", () => {
  // Without the launcher's relay, workerd notices these at once.
  const noticed = waysOfLeaving.filter(({ name }) => {
    return name.includes("reset (RST)") && !name.includes("session");
  });
  it.each(noticed)("$name: its place is free at once", async (way) => {
    const bucket = `slow:${noticed.indexOf(way)}`;
    const caller = await way.ask(server.url, bucket);
    await untilBucket(server, bucket, ({ waiters }) => waiters === 1);
    await untilLogged(`A slow report begins: ${bucket}`);
    await caller.leave();
    const leftAtMs = performance.now();
    await untilBucket(server, bucket, ({ waiters }) => waiters === 0);
    expect(performance.now() - leftAtMs).toBeLessThan(FREED_MS);
    expect(logged(`A slow report ends: ${bucket}`)).toBe(0);
  });
});

it("no bucket can be asked for by the name of a directory", async () => {
  for (const path of [
    "/acquire?bucket=%23directory:0",
    "/buckets/%23directory:0",
    "/buckets/%23directory:0/waiters",
    "/buckets/%23directory:0/history",
    "/metrics?bucket=%23directory:0",
    "/buckets?prefix=%23",
  ]) {
    expect((await fetch(server.url + path)).status, path).toBe(400);
  }
});
