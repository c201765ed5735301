/** Streams of a Worker whose readers leave half-way, in the real runtime: what they were granted comes back. */
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, expect, it } from "vitest";

import { snapshotOf, untilBucket } from "../../../kit/http/callers.ts";
import { HttpConnection } from "../../../kit/http/http-connection.ts";
import { MAIN_WORKER, startWorkerd, type WorkerdServer } from "../../../kit/processes/server.ts";

let server: WorkerdServer;
beforeAll(async () => {
  server = await startWorkerd({
    policies: {
      "*": {
        capacity: 100,
        every: "month",
        hold: { maxMs: 60_000 },
        concurrency: { max: 1, ttlMs: 3_000 },
      },
    },
    others: {
      streaming: {
        main: "kit/workers/streaming.ts",
        services: { SLUICE: { worker: MAIN_WORKER, entrypoint: "Sluice" } },
      },
    },
  });
});
afterAll(() => server?.stop());

it.each(["limited", "held"] as const)("%s: a reader that leaves", async (kind) => {
  const bucket = `left-${kind}`;
  const caller = new AbortController();
  const url = `${server.urlOf("streaming")}/${kind}/${bucket}`;
  const response = await fetch(url, { signal: caller.signal });
  const reader = response.body?.getReader();
  await reader?.read();
  // Longer than the permit lasts by itself.
  await setTimeout(4_000);
  expect(await snapshotOf(server, bucket)).toMatchObject({ permits: { held: 1 } });
  const leftAtMs = performance.now();
  caller.abort();
  const free = await untilBucket(server, bucket, ({ permits }) => permits?.held === 0);
  expect(performance.now() - leftAtMs).toBeLessThan(1_500);
  expect(free).toMatchObject({ tokens: kind === "held" ? 97 : 99, heldTokens: { rate: 0 } });
});

it.each(["limited", "held"] as const)("%s: a reader whose connection is reset", async (kind) => {
  const bucket = `reset-${kind}`;
  const connection = await HttpConnection.open(server.urlOf("streaming"));
  await connection.stream(`/${kind}/${bucket}`);
  expect(await snapshotOf(server, bucket)).toMatchObject({ permits: { held: 1 } });
  connection.reset();
  const free = await untilBucket(server, bucket, ({ permits }) => permits?.held === 0);
  expect(free).toMatchObject({ tokens: kind === "held" ? 97 : 99 });
});
