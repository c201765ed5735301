/** Acquires that wait on sessions while their Sluice is killed like by a power cut: all return, and pay once. */
import { setTimeout } from "node:timers/promises";

import { expect, it } from "vitest";

import { snapshotOf, untilBucket } from "../../../kit/http/callers.ts";
import { startWorkerd, type WorkerdServer } from "../../../kit/processes/server.ts";
import { createClient, type AcquireOutcome } from "../../../src/client/index.ts";

const CLIENTS = 4;
const EACH = 30;
const WAITERS = CLIENTS * EACH;

/** A client that finds the server again: it has another port after a restart. */
function clientOf(server: WorkerdServer) {
  const base = "sluice.test";
  const current = (url: string): string => url.replace(base, new URL(server.url).host);
  return createClient({
    url: `http://${base}`,
    transport: "session",
    fetch: (url, init) => fetch(current(url), init),
    WebSocket: class extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(current(url), protocols);
      }
    },
  });
}

it("120 acquires on four sessions survive two restarts, those of a session in their order", async () => {
  await using server = await startWorkerd({
    policies: {
      "*": { capacity: 10, initialTokens: 0, refillTokens: 10, refillIntervalMs: 500 },
    },
  });
  const ended: { readonly index: number; readonly outcome: AcquireOutcome }[] = [];
  const clients = Array.from({ length: CLIENTS }, () => clientOf(server));
  const acquired: Promise<unknown>[] = [];
  for (const [number, client] of clients.entries()) {
    for (let index = 0; index < EACH; index += 1) {
      const waiting = client.acquire("x", { timeoutMs: 60_000 }).then((outcome) => {
        ended.push({ index: number * EACH + index, outcome });
      });
      acquired.push(waiting);
    }
    // So that their order is known.
    await untilBucket(
      server,
      "x",
      ({ waiters, granted }) => waiters + granted >= (number + 1) * EACH,
    );
  }
  expect((await snapshotOf(server, "x")).sessions).toBe(CLIENTS);
  for (let restarts = 0; restarts < 2; restarts += 1) {
    await server.restart();
    await setTimeout(1_000);
  }
  await Promise.all(acquired);
  const granted = ended.filter(({ outcome }) => outcome.ok);
  expect(granted.length).toBe(WAITERS);
  // All of a session come back in one frame. The sessions themselves come back one after another.
  for (let number = 0; number < CLIENTS; number += 1) {
    const order = granted
      .map(({ index }) => index)
      .filter((index) => Math.floor(index / EACH) === number);
    expect(order).toEqual(order.toSorted((one, other) => one - other));
  }
  expect(await snapshotOf(server, "x")).toMatchObject({ granted: WAITERS, waiters: 0 });
  for (const client of clients) client.close();
});

it("acquires on a session go on over HTTP while it can't be resumed, by their tickets", async () => {
  const policy = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };
  await using server = await startWorkerd({ policies: { "*": policy } });
  const client = clientOf(server);
  const order: number[] = [];
  const acquired = Array.from({ length: 8 }, async (_, index) => {
    const { ok } = await client.acquire("x", { timeoutMs: 60_000 });
    if (ok) order.push(index);
  });
  await untilBucket(server, "x", ({ waiters }) => waiters === 6);
  await server.kill();
  // Longer than a session is resumed.
  await setTimeout(6_000);
  await server.restart();
  await Promise.all(acquired);
  expect(order.length).toBe(8);
  expect(await snapshotOf(server, "x")).toMatchObject({ granted: 8, waiters: 0 });
});
