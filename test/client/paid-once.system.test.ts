/** Callers over a network that loses requests and answers at random: each is granted, and pays once. */
import { setTimeout } from "node:timers/promises";

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

it.each(["http", "session"] as const)(
  "a hundred callers are granted, and their tokens taken, once each, transport %s",
  async (transport) => {
    const client = createClient({ url: `${faulty.url}/any`, transport });
    const asked = Array.from({ length: CALLERS }, async (_, index) => {
      const tokens = 1 + (index % 5);
      // Every second one is streamed.
      const streamed = index % 2 === 1 && { onQueued: () => undefined };
      // So that connections break between them, too.
      await setTimeout(index * 10);
      return client.acquire(transport, { tokens, ...streamed });
    });
    const outcomes = await Promise.all(asked);
    expect(outcomes.filter(({ ok }) => ok).length).toBe(CALLERS);
    const paid = outcomes.reduce((sum, { tokens }) => sum + tokens, 0);
    const { granted, tokens } = await createClient({ url: server.url }).inspect(transport);
    expect([granted, tokens]).toEqual([CALLERS, 1_000 - paid]);
  },
);
