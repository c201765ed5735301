/** An object that is told that its process ends. */
import { abortAllDurableObjects } from "cloudflare:test";
import { expect, it } from "vitest";

import { Policy } from "../../src/core/policy.ts";
import { encodeAcquireCall } from "../../src/wire/acquire-call.ts";
import { request, settle, snapshotOf } from "../../kit/edge/surfaces.ts";
import {
  alarmAtMs,
  pass,
  stubOf,
  uniqueName,
  useVirtualTime,
} from "../../kit/edge/virtual-time.ts";

useVirtualTime({ hasSteadyPauses: true });

async function queueUp(
  name: string,
  count: number,
  init: RequestInit = {},
): Promise<Promise<Response>[]> {
  const held = Array.from({ length: count }, () => request(`/acquire?bucket=${name}`, init));
  while ((await snapshotOf(name)).waiters === 0) await settle();
  return held;
}

async function expectUnavailable(held: readonly Promise<Response>[]): Promise<void> {
  for (const response of await Promise.all(held)) {
    expect(response.status).toBe(503);
    expect(response.headers.get("Retry-After")).toBe("1");
    expect(await response.json()).toMatchObject({ reason: "unavailable", retryAfterMs: 1_000 });
  }
}

it("tells those who wait, who have taken nothing; no alarm is left for the next instance", async () => {
  const name = uniqueName();
  expect((await request(`/acquire?bucket=${name}`)).status).toBe(200);
  const held = await queueUp(name, 3);
  while ((await snapshotOf(name)).waiters < 3) await settle();
  expect(await stubOf(name).isAwaited).toBe(true);
  await stubOf(name).shutDown();
  await expectUnavailable(held);
  expect(await stubOf(name).isAwaited).toBe(false);
  expect(await alarmAtMs(name)).toBeNull();
  expect(await snapshotOf(name)).toMatchObject({ granted: 1, refused: 3, cancelled: 0 });
  await abortAllDurableObjects();
  expect(await snapshotOf(name)).toMatchObject({ granted: 1, tokens: 0, waiters: 0 });
  await pass(name, 1_000);
  expect(await snapshotOf(name)).toMatchObject({ granted: 1, tokens: 1 });
});

it("tells all who stand in one place under a key, and forgets the key", async () => {
  const name = uniqueName();
  await request(`/acquire?bucket=${name}`);
  const init = { headers: { "Idempotency-Key": '"k"' } };
  const held = await queueUp(name, 3, init);
  await settle();
  await stubOf(name).shutDown();
  await expectUnavailable(held);
  await abortAllDurableObjects();
  await pass(name, 1_000);
  // Other parameters than before: a key that was kept would be refused.
  const again = await request(`/acquire?bucket=${name}&timeoutMs=5`, init);
  expect(again.status).toBe(200);
  expect(await snapshotOf(name)).toMatchObject({ granted: 2, waiters: 0 });
});

it("a bucket that nobody waits at: nothing changes", async () => {
  const name = uniqueName();
  await stubOf(name).shutDown();
  expect(await stubOf(name).isAwaited).toBe(false);
  await request(`/acquire?bucket=${name}`);
  const before = await snapshotOf(name);
  await stubOf(name).shutDown();
  expect(await snapshotOf(name)).toEqual(before);
});

it("closed: nothing is lent, and what comes back is there", async () => {
  const name = uniqueName();
  const lease = { maxTokens: 20, ttlMs: 1_000 };
  const fields = { capacity: 100, initialTokens: 100, refillTokens: 1, refillIntervalMs: 60_000 };
  const policy = { name: "*", ...Policy.of({ ...fields, lease }).toJSON() };
  const object = stubOf(name);
  const call = { bucket: name, policy, tokens: 1 };
  await (await object.fetch(encodeAcquireCall(call))).text();
  const ask = { uses: [], granted: 0, wanted: 20 };
  const { lease: given } = await object.lend(name, policy, ask);
  await object.close();
  expect(await object.lend(name, policy, ask)).not.toHaveProperty("lease");
  const use = { startedAtMs: given?.startedAtMs ?? 0, untilMs: given?.untilMs ?? 0 };
  const returnedLeases = { uses: [{ ...use, used: 5, returned: 15 }], granted: 5 };
  expect((await object.fetch(encodeAcquireCall({ ...call, returnedLeases }))).status).toBe(503);
  expect(await object.inspect(name, policy)).toMatchObject({
    tokens: 94,
    leasedTokens: 0,
    granted: 6,
  });
});

it("closed: whoever asks is told, though a token is there; whoever waits goes on waiting", async () => {
  const name = uniqueName();
  await request(`/acquire?bucket=${name}`);
  const held = await queueUp(name, 1);
  await stubOf(name).close();
  await expectUnavailable([request(`/acquire?bucket=${name}`)]);
  await pass(name, 1_000);
  expect((await held[0])?.status).toBe(200);
  await pass(name, 1_000);
  await expectUnavailable([request(`/acquire?bucket=${name}`)]);
  expect(await snapshotOf(name)).toMatchObject({ granted: 2, tokens: 1 });
});
