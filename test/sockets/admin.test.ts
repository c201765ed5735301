import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";

import { acquire, arriveInTurn, grantIn, problemIn, snapshotOf } from "../../kit/http/callers.ts";
import { send } from "../../kit/http/http-connection.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";

const headers = { Authorization: "Bearer admin" };

let server: WorkerdServer;
beforeAll(async () => {
  server = await startWorkerd({
    vars: { ADMIN_TOKEN: "admin" },
    // Whoever has to wait would wait for a minute.
    policies: {
      "*": { capacity: 1, refillTokens: 1, refillIntervalMs: 60_000, maxWaitMs: 600_000 },
    },
  });
});
afterAll(async () => {
  await server?.stop();
});

describe.concurrent("admin calls while callers wait", () => {
  it("PUT with a shorter interval grants them on the new grid, in their order", async () => {
    const first = await acquire(server, "faster");
    const held = await arriveInTurn(server, "faster", 3);
    const put = await send(server.url, "/buckets/faster", {
      method: "PUT",
      headers,
      body: { refillIntervalMs: 300 },
    });
    expect(put.status).toBe(200);
    const changed = put.body as BucketSnapshot;
    expect(changed).toMatchObject({ waiters: 3, policy: { refillIntervalMs: 300 } });
    expect((changed.nextTickAtMs - first.grantedAtMs) % 300).toBe(0);

    const answers = await Promise.all(held.map(({ answer }) => answer));
    const grants = answers.map((answer) => grantIn(answer).grantedAtMs);
    expect(grants).toEqual(grants.toSorted((a, b) => a - b));
    for (const [k, grantedAtMs] of grants.entries()) {
      expect(grantedAtMs).toBeGreaterThanOrEqual(changed.nextTickAtMs + k * 300);
    }
  });

  it("PUT with a larger capacity does not let them pass before the tick", async () => {
    await acquire(server, "larger");
    const [held] = await arriveInTurn(server, "larger", 1);
    const body = { capacity: 5 };
    await send(server.url, "/buckets/larger", { method: "PUT", headers, body });
    expect(await snapshotOf(server, "larger")).toMatchObject({ waiters: 1, tokens: 0 });
    held?.connection.reset();
  });

  it("DELETE answers each of them with 503 bucket-reset, and the bucket starts anew", async () => {
    await acquire(server, "deleted");
    const held = await arriveInTurn(server, "deleted", 5);
    const gone = await send(server.url, "/buckets/deleted", { method: "DELETE", headers });
    expect(gone).toMatchObject({ status: 204, body: undefined });
    for (const answer of await Promise.all(held.map((caller) => caller.answer))) {
      expect(answer.status).toBe(503);
      expect(problemIn(answer).reason).toBe("bucket-reset");
    }
    expect(await snapshotOf(server, "deleted")).toMatchObject({
      granted: 0,
      waiters: 0,
      tokens: 1,
    });
    expect(await acquire(server, "deleted", "timeoutMs=0")).toMatchObject({ waitedMs: 0 });
  });

  it("without the token change nothing", async () => {
    await acquire(server, "guarded");
    const [held] = await arriveInTurn(server, "guarded", 1);
    const body = { refillIntervalMs: 10 };
    const put = await send(server.url, "/buckets/guarded", { method: "PUT", body });
    const deleted = await send(server.url, "/buckets/guarded", {
      method: "DELETE",
      headers: { Authorization: "Bearer other" },
    });
    expect([put.status, deleted.status]).toEqual([401, 401]);
    expect(await snapshotOf(server, "guarded")).toMatchObject({
      waiters: 1,
      policy: { refillIntervalMs: 60_000 },
    });
    held?.connection.reset();
  });
});
