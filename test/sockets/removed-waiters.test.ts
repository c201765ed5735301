/** Callers that an admin removes, over real sockets: their clients give up, and a crash brings none of them back. */
import { expect, it } from "vitest";

import type { AcquireOutcome } from "../../src/client/acquire-outcome.ts";
import type { Transport } from "../../src/client/session/session-pool.ts";
import type { WorkerdServer } from "../../kit/processes/server.ts";

import { acquire, acquirePath, admin, problemIn, untilBucket } from "../../kit/http/callers.ts";
import { send } from "../../kit/http/http-connection.ts";
import { startWorkerd } from "../../kit/processes/server.ts";
import { createClient } from "../../src/client/index.ts";

/** So seldom that no tick comes in a test. */
const slow = { capacity: 1, refillTokens: 1, refillIntervalMs: 600_000, maxWaitMs: 3_600_000 };

/** Removes everybody who waits. */
async function removeAll(server: WorkerdServer, bucket: string): Promise<void> {
  const client = createClient({ url: server.url, token: admin.vars.ADMIN_TOKEN });
  const { waiters } = await createClient({ url: server.url }).listWaiters(bucket);
  for (const { id } of waiters) expect(await client.removeWaiter(bucket, id)).toBe(true);
}

it.each<Transport>(["http", "session"])(
  "a client over %s resolves with the refusal, and asks no more",
  async (transport) => {
    await using server = await startWorkerd({ ...admin, policies: { "*": slow } });
    await acquire(server, "x");
    const sent: string[] = [];
    await using client = createClient({
      url: server.url,
      transport,
      fetch: (url, init) => {
        sent.push(init.method ?? "GET");
        return fetch(url, init);
      },
    });
    const held: Promise<AcquireOutcome>[] = [
      client.acquire("x", { label: "plain" }),
      client.acquire("x", { label: "followed", onQueued: () => undefined }),
      client.acquire("x", { timeoutMs: 3_600_000 }),
    ];
    await untilBucket(server, "x", ({ waiters }) => waiters === 3);
    await removeAll(server, "x");
    const outcomes = await Promise.all(held);
    expect(outcomes.map((outcome) => !outcome.ok && outcome.reason)).toEqual(
      Array.from({ length: 3 }, () => "cancelled-by-admin"),
    );
    // Longer than the client waits before its first retry.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(sent).toEqual(transport === "http" ? ["POST", "POST", "POST"] : []);
    const left = await untilBucket(server, "x", () => true);
    expect(left).toMatchObject({ waiters: 0, granted: 1, refused: 0, cancelled: 3 });
  },
);

it("a SIGKILL right after the removal brings nobody back, by key or by ticket", async () => {
  await using server = await startWorkerd({ ...admin, policies: { "*": slow } });
  await acquire(server, "x");
  const headers = { "Idempotency-Key": "mine", Accept: "text/event-stream" };
  const controller = new AbortController();
  const { signal } = controller;
  const streamed = await fetch(`${server.url}${acquirePath("x")}`, { headers, signal });
  const reader = streamed.body?.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = (await reader?.read()) ?? {};
  const ticket = /"ticket":"([^"]+)"/.exec(value)?.[1] ?? "none";
  await untilBucket(server, "x", ({ waiters }) => waiters === 1);
  await removeAll(server, "x");
  await server.kill();
  controller.abort();
  await server.restart();
  for (const [name, presented] of [
    ["Idempotency-Key", "mine"],
    ["Sluice-Ticket", ticket],
  ] as const) {
    const again = await send(server.url, acquirePath("x"), { headers: { [name]: presented } });
    expect(again.status, name).toBe(503);
    expect(problemIn(again).reason, name).toBe("cancelled-by-admin");
  }
  const left = await untilBucket(server, "x", () => true);
  expect(left).toMatchObject({ waiters: 0, granted: 1 });
});
