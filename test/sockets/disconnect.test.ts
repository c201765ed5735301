/** Callers that hang up while they wait, in every way, where Sluice runs on a machine of one's own. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  acquire,
  acquirePath,
  admin,
  arrive,
  changePolicy,
  grantIn,
  snapshotOf,
  untilBucket,
} from "../../kit/http/callers.ts";
import { HttpConnection } from "../../kit/http/http-connection.ts";
import { Nginx } from "../../kit/processes/nginx.ts";
import { Served } from "../../kit/processes/served.ts";
import { waysOfLeaving, type Way } from "../../kit/http/ways-of-leaving.ts";

/** So seldom that no tick comes while a test runs. */
const NO_TICK_MS = 600_000;
/** In which a place is free: what the contract says. */
const FREED_MS = 250;

const slow = { capacity: 1, refillTokens: 1, refillIntervalMs: NO_TICK_MS, maxWaitMs: 3_600_000 };
/** Lets 200 wait. */
const crowd = { ...slow, capacity: 2, initialTokens: 2, refillIntervalMs: 17_000 };

let served: Served;
let nginx: Nginx;
beforeAll(async () => {
  const args = ["--var", `ADMIN_TOKEN:${admin.vars.ADMIN_TOKEN}`];
  served = await Served.start({ policies: { "*": slow, "crowd*": crowd }, args });
  nginx = await Nginx.start(served.url);
});
afterAll(async () => {
  await nginx?.[Symbol.asyncDispose]();
  await served?.[Symbol.asyncDispose]();
});

/** Lets a caller wait by way of `url`, somebody behind it, and the caller leave. */
async function expectFreed(way: Way, url: string, bucket: string): Promise<void> {
  await acquire(served, bucket);
  const caller = await way.ask(url, bucket);
  await untilBucket(served, bucket, ({ waiters }) => waiters === 1);
  const behind = await arrive(served, bucket);
  await caller.leave();
  const leftAtMs = performance.now();
  const left = await untilBucket(served, bucket, ({ waiters }) => waiters === 1);
  expect(performance.now() - leftAtMs).toBeLessThan(FREED_MS);
  expect(left).toMatchObject({ queuedTokens: 1, granted: 1, cancelled: 1 });
  // The next tick is for the one behind it.
  await changePolicy(served, bucket, { refillIntervalMs: 100 });
  expect(grantIn(await behind.answer).remaining).toBe(0);
  expect(await snapshotOf(served, bucket)).toMatchObject({ granted: 2, cancelled: 1 });
}

describe("a caller that hangs up leaves its place at once", () => {
  it.each(waysOfLeaving)("$name", async (way) => {
    await expectFreed(way, served.url, `direct:${waysOfLeaving.indexOf(way)}`);
  });

  it.each(waysOfLeaving)("behind nginx: $name", async (way) => {
    await expectFreed(way, nginx.url, `nginx:${waysOfLeaving.indexOf(way)}`);
  });

  it.each(["reset", "close"] as const)("as one of 200 takes nothing: %s", async (way) => {
    const bucket = `crowd:${way}`;
    await acquire(served, bucket, "tokens=2");
    const connections = await Promise.all(
      Array.from({ length: 200 }, () => HttpConnection.open(served.url)),
    );
    for (const connection of connections) void connection.request(acquirePath(bucket));
    await untilBucket(served, bucket, ({ waiters }) => waiters === 200);
    for (const connection of connections) connection[way]();
    const left = await untilBucket(served, bucket, ({ waiters }) => waiters === 0);
    expect(left).toMatchObject({ queuedTokens: 0, granted: 1, cancelled: 200 });
    await changePolicy(served, bucket, { refillTokens: 2, refillIntervalMs: 100 });
    const full = await untilBucket(served, bucket, ({ tokens }) => tokens === 2);
    expect(full).toMatchObject({ waiters: 0, granted: 1, cancelled: 200 });
  });
});
