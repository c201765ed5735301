import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  acquire,
  acquirePath,
  arrive,
  grantIn,
  snapshotOf,
  untilBucket,
} from "../support/callers.ts";
import { HttpConnection } from "../support/http-connection.ts";
import { startWorkerd, type WorkerdServer } from "../support/server.ts";

/** Long enough for everything that has to happen before the first tick. */
const INTERVAL_MS = 2_000;

let server: WorkerdServer;
beforeAll(async () => {
  const slow = { refillTokens: 1, refillIntervalMs: INTERVAL_MS };
  server = await startWorkerd({
    policies: {
      "*": { ...slow, capacity: 1 },
      // Lets as many wait as want to.
      "crowd*": { ...slow, capacity: 2, initialTokens: 2, maxWaitMs: 3_600_000 },
    },
  });
});
afterAll(async () => {
  await server?.stop();
});

describe.concurrent("a client that breaks its connection off", () => {
  it("gives its place to the one behind it", async () => {
    const first = await acquire(server, "place");
    const b = await arrive(server, "place");
    const c = await arrive(server, "place");
    b.connection.reset();
    const { grantedAtMs } = grantIn(await c.answer);
    const tick = Math.floor((grantedAtMs - first.grantedAtMs) / INTERVAL_MS);
    expect(tick).toBe(1);
    expect(await snapshotOf(server, "place")).toMatchObject({
      granted: 2,
      cancelled: 1,
      waiters: 0,
    });
  });

  it("is out of the queue before its tick, and counted as cancelled", async () => {
    await acquire(server, "count");
    const b = await arrive(server, "count");
    await arrive(server, "count");
    b.connection.reset();
    const left = await untilBucket(server, "count", ({ waiters }) => waiters < 2);
    // Had the tick come first, two would be granted.
    expect(left).toMatchObject({ waiters: 1, queuedTokens: 1, granted: 1, cancelled: 1 });
  });

  it("as one of 200 who all do, takes nothing: the tokens come back", async () => {
    await acquire(server, "crowd", "tokens=2");
    const connections = await Promise.all(
      Array.from({ length: 200 }, () => HttpConnection.open(server.url)),
    );
    for (const connection of connections) void connection.request(acquirePath("crowd"));
    await untilBucket(server, "crowd", ({ waiters }) => waiters === 200);
    for (const connection of connections) connection.reset();
    const left = await untilBucket(server, "crowd", ({ waiters }) => waiters === 0);
    expect(left).toMatchObject({ queuedTokens: 0, granted: 1, cancelled: 200 });
    const full = await untilBucket(server, "crowd", ({ tokens }) => tokens === 2);
    expect(full).toMatchObject({ waiters: 0, granted: 1, cancelled: 200 });
  });
});
