/**
 * Leases in the bare runtime, over real sockets: isolates grant without a call to the object, and the
 * bucket's account stays exact, whatever becomes of them.
 */
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, expect, it } from "vitest";

import type { PolicyFields } from "../../src/core/policy.ts";
import type { GrantBody } from "../../src/protocol/acquire-bodies.ts";

import {
  acquirePath,
  admin,
  arrive,
  changePolicy,
  snapshotOf,
  untilBucket,
} from "../../kit/http/callers.ts";
import { send, type Answer } from "../../kit/http/http-connection.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";

/** A tick a day: whatever is granted is missing until the end of the test. */
const thousand: PolicyFields = {
  capacity: 1_000,
  initialTokens: 1_000,
  refillTokens: 1,
  refillIntervalMs: 86_400_000,
};
const lease = { maxTokens: 64, ttlMs: 500 };

let server: WorkerdServer;
beforeAll(async () => {
  const policies = { "leased:*": { ...thousand, lease }, "plain:*": thousand };
  server = await startWorkerd({ vars: admin.vars, policies });
});
afterAll(async () => server?.stop());

function acquire(bucket: string, query = ""): Promise<Answer> {
  return send(server.url, acquirePath(bucket, query));
}

/** Grants until tokens are on lease, and how many that took. */
async function acquireUntilLeased(bucket: string): Promise<number> {
  for (let grants = 1; ; grants += 1) {
    expect(await acquire(bucket)).toMatchObject({ status: 200 });
    const { leasedTokens = 0 } = await snapshotOf(server, bucket);
    if (leasedTokens > 0) return grants;
  }
}

it("grants most requests without the object, which hears of all of them in the end", async () => {
  const bucket = "leased:demand";
  for (let index = 0; index < 300; index += 1) {
    expect(await acquire(bucket)).toMatchObject({ status: 200, body: { bucket, tokens: 1 } });
  }
  const underWay = await snapshotOf(server, bucket);
  expect(underWay.leasedTokens).toBeGreaterThan(0);
  expect(underWay.granted).toBeLessThan(300);
  const after = await untilBucket(server, bucket, ({ leasedTokens }) => leasedTokens === 0);
  expect(after).toMatchObject({ tokens: 700, granted: 300, refused: 0, cancelled: 0 });
});

it("says of the bucket what was there when it lent, and what is left of that", async () => {
  const bucket = "leased:fields";
  const grants = await acquireUntilLeased(bucket);
  const { status, headers, body } = await acquire(bucket);
  expect(status).toBe(200);
  const { remaining } = body as GrantBody;
  expect(remaining).toBe(999 - grants);
  expect(headers).toMatchObject({
    ratelimit: expect.stringMatching(new RegExp(`^"leased:\\*";r=${remaining};t=\\d+$`)),
    "ratelimit-policy": '"leased:*";q=1000;w=86400000',
  });
});

it("grants no more than there is while tokens are out, and all of it can be had", async () => {
  const bucket = "leased:all";
  const answers = await Promise.all(
    Array.from({ length: 1_100 }, () => acquire(bucket, "timeoutMs=0")),
  );
  await untilBucket(server, bucket, ({ leasedTokens }) => leasedTokens === 0);
  let granted = answers.filter(({ status }) => status === 200).length;
  expect(granted).toBeLessThanOrEqual(1_000);
  while ((await acquire(bucket, "timeoutMs=0")).status === 200) granted += 1;
  expect(granted).toBe(1_000);
});

it("lends nothing while somebody waits, and a newcomer stands behind him", async () => {
  const bucket = "leased:queue";
  await acquire(bucket, "tokens=990");
  await changePolicy(server, bucket, { refillTokens: 1, refillIntervalMs: 3_000 });
  const { connection } = await arrive(server, bucket, "tokens=20");
  for (let index = 0; index < 20; index += 1) {
    expect(await acquire(bucket, "timeoutMs=0")).toMatchObject({ status: 429 });
  }
  expect(await snapshotOf(server, bucket)).toMatchObject({ waiters: 1, leasedTokens: 0 });
  connection.reset();
});

it("a request that the lease does not cover takes what is left of it along", async () => {
  const bucket = "leased:larger";
  await acquireUntilLeased(bucket);
  const { tokens, leasedTokens = 0 } = await snapshotOf(server, bucket);
  expect(await acquire(bucket, `tokens=${tokens + leasedTokens}`)).toMatchObject({ status: 200 });
  const after = await snapshotOf(server, bucket);
  expect(after).toMatchObject({ tokens: 0, leasedTokens: 0, waiters: 0 });
});

it("a request that the policy refuses is refused, whatever is held, and leaves it alone", async () => {
  const bucket = "leased:refused";
  await acquireUntilLeased(bucket);
  expect(await acquire(bucket, "timeoutMs=60001")).toMatchObject({ status: 400 });
  expect(await acquire(bucket, "tokens=1001")).toMatchObject({ status: 422 });
  expect((await snapshotOf(server, bucket)).leasedTokens).toBeGreaterThan(0);
});

it("a request with a key is the object's, and its grant is told again", async () => {
  const bucket = "leased:keyed";
  await acquireUntilLeased(bucket);
  const options = { headers: { "Idempotency-Key": '"once"' } };
  const first = await send(server.url, acquirePath(bucket), options);
  const again = await send(server.url, acquirePath(bucket), options);
  expect(first.status).toBe(200);
  expect(again.body).toEqual(first.body);
});

it("a request with a ticket is the object's, which alone can say that it is forged", async () => {
  const bucket = "leased:ticket";
  await acquireUntilLeased(bucket);
  const options = { headers: { "Sluice-Ticket": `v1.W10.${"a".repeat(22)}` } };
  const { status, body } = await send(server.url, acquirePath(bucket), options);
  expect(status).toBe(400);
  expect(body).toMatchObject({ errors: [{ field: "Sluice-Ticket" }] });
});

it("after a crash of everything, leases occupy the bucket, and then count as spent", async () => {
  const bucket = "leased:crash";
  let granted = 0;
  for (let index = 0; index < 100; index += 1) {
    granted += (await acquire(bucket)).status === 200 ? 1 : 0;
  }
  await server.restart();
  const restarted = await snapshotOf(server, bucket);
  expect(restarted.leasedTokens).toBeGreaterThan(0);
  expect(restarted.tokens + Number(restarted.leasedTokens)).toBeLessThanOrEqual(1_000);
  const ended = await untilBucket(server, bucket, ({ leasedTokens }) => leasedTokens === 0);
  expect(ended.tokens).toBe(restarted.tokens);
  expect(ended.tokens).toBeLessThanOrEqual(1_000 - granted);
  // At most what an isolate may hold, and what the object had reserved for itself, is lost.
  expect(ended.tokens).toBeGreaterThanOrEqual(1_000 - granted - lease.maxTokens - 25);
});

it("an admin turns leases off and on for a bucket", async () => {
  const bucket = "leased:off";
  const off = await changePolicy(server, bucket, { lease: null });
  expect(off.body).not.toHaveProperty("policy.lease");
  for (let index = 0; index < 50; index += 1) await acquire(bucket);
  expect(await snapshotOf(server, bucket)).toMatchObject({ tokens: 950, granted: 50 });
  const on = await changePolicy(server, bucket, { lease: { maxTokens: 5, ttlMs: 200 } });
  expect(on.body).toMatchObject({ policy: { lease: { maxTokens: 5, ttlMs: 200 } } });
  const wrong = await changePolicy(server, bucket, { lease: { maxTokens: 5, ttlMs: 5 } });
  expect(wrong).toMatchObject({ status: 400, body: { reason: "invalid-request" } });
  expect(JSON.stringify(wrong.body)).toContain(
    "lease.ttlMs must be an integer from 100 to 20000: got 5",
  );
});

it("a bucket without leases is as it was", async () => {
  for (let index = 0; index < 50; index += 1) await acquire("plain:x");
  await setTimeout(10);
  const snapshot = await snapshotOf(server, "plain:x");
  expect(snapshot).toMatchObject({ tokens: 950, granted: 50 });
  expect(snapshot).not.toHaveProperty("leasedTokens");
});
