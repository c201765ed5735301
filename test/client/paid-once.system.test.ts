/** Callers over a network that loses requests and answers at random: each is granted, and pays once. */
import { afterAll, beforeAll, expect, it } from "vitest";

import { createClient } from "../../src/client/index.ts";
import { startFaultyServer, type FaultyServer } from "../../kit/http/faulty-server.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";

const CALLERS = 100;

let server: WorkerdServer;
let faulty: FaultyServer;
beforeAll(async () => {
  // So slow that what is taken is not filled up again before it has been counted.
  const policy = { capacity: 1_000, initialTokens: 1_000, refillTokens: 1 };
  server = await startWorkerd({ policies: { "*": { ...policy, refillIntervalMs: 3_600_000 } } });
  faulty = await startFaultyServer(server.url);
});
afterAll(async () => {
  await faulty?.[Symbol.asyncDispose]();
  await server?.stop();
});

it("a hundred callers are granted, and their tokens taken, once each", async () => {
  const client = createClient({ url: `${faulty.url}/any` });
  const asked = Array.from({ length: CALLERS }, (_, index) => {
    const tokens = 1 + (index % 5);
    // Every second one is streamed.
    const streamed = index % 2 === 1 && { onQueued: () => undefined };
    return client.acquire("x", { tokens, ...streamed });
  });
  const outcomes = await Promise.all(asked);
  expect(outcomes.filter(({ ok }) => ok).length).toBe(CALLERS);
  const paid = outcomes.reduce((sum, { tokens }) => sum + tokens, 0);
  const { granted, tokens } = await createClient({ url: server.url }).inspect("x");
  expect([granted, tokens]).toEqual([CALLERS, 1_000 - paid]);
});
