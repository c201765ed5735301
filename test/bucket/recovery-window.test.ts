import { abortAllDurableObjects } from "cloudflare:test";
import { expect, it, vi } from "vitest";

import type { GrantBody } from "../../src/protocol/acquire-bodies.ts";
import type { AcquireCall } from "../../src/wire/acquire-call.ts";

import { Policy } from "../../src/core/policy.ts";
import { encodeAcquireCall } from "../../src/wire/acquire-call.ts";
import { request, settle, snapshotOf } from "../../kit/edge/surfaces.ts";
import { pass, stubOf, uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime({ hasSteadyPauses: true });

/** Sends requests one after the other; each waits in the queue before the next is sent. */
async function queueUp(name: string, count: number, query = ""): Promise<Promise<Response>[]> {
  const held: Promise<Response>[] = [];
  for (let i = 0; i < count; i += 1) {
    held.push(request(`/acquire?bucket=${name}${query}`));
    while ((await snapshotOf(name)).waiters < i + 1) await settle();
  }
  return held;
}

/** Waits until the Worker has put `count` callers back. */
async function untilRequeued(name: string, count: number): Promise<void> {
  while ((await snapshotOf(name)).waiters < count) await settle();
}

it("reset object: its waiters see nothing but a later grant, in their order of arrival", async () => {
  const name = uniqueName();
  expect((await request(`/acquire?bucket=${name}`)).status).toBe(200);
  const held = await queueUp(name, 8);
  const order: number[] = [];
  const done = held.map(async (response, i) => {
    const { status } = await response;
    order.push(i);
    return status;
  });
  await abortAllDurableObjects();
  await untilRequeued(name, 8);
  for (let i = 0; i < 8; i += 1) {
    await pass(name, 1_000);
    await settle();
  }
  expect(await Promise.all(done)).toEqual(Array.from({ length: 8 }, () => 200));
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(await snapshotOf(name)).toMatchObject({ granted: 9, waiters: 0 });
});

it("reset object: a newcomer does not overtake those who are put back", async () => {
  const name = uniqueName();
  await request(`/acquire?bucket=${name}`);
  const [waiting] = await queueUp(name, 1);
  await abortAllDurableObjects();
  vi.setSystemTime(Date.now() + 1_000);
  const hasty = await request(`/acquire?bucket=${name}&timeoutMs=0`);
  expect(hasty.status).toBe(429);
  expect((await waiting)?.status).toBe(200);
});

it("reset object: a newcomer's timeout counts while it is held at the door", async () => {
  const name = uniqueName();
  await request(`/acquire?bucket=${name}`);
  const [waiting] = await queueUp(name, 1);
  await abortAllDurableObjects();
  // The gathering opens with the instance's first call, and a fifth of a second passes before it ends.
  await untilRequeued(name, 0);
  const newcomer = request(`/acquire?bucket=${name}&timeoutMs=1900`);
  await settle();
  vi.setSystemTime(Date.now() + 200);
  const problem = await (await newcomer).json();
  expect(problem).toMatchObject({ reason: "timeout", retryAfterMs: 1_800 });
  await pass(name, 800);
  expect((await waiting)?.status).toBe(200);
});

it("a caller put back from an earlier deployment does not bring its policy back", async () => {
  const name = uniqueName();
  const now = { capacity: 10, refillTokens: 1, refillIntervalMs: 1_000 };
  const before = { name: "*", ...Policy.of({ ...now, capacity: 1 }).toJSON() };
  const policy = { name: "*", ...Policy.of(now).toJSON() };
  const ask = (call: AcquireCall): Promise<Response> => stubOf(name).fetch(encodeAcquireCall(call));
  await ask({ bucket: name, policy, tokens: 1 });
  const large = ask({ bucket: name, policy, tokens: 5 });
  const requeued = { arrivedAtMs: Date.now() - 50, elapsedMs: 50 };
  const old = ask({ bucket: name, policy: before, tokens: 1, requeued });
  await pass(name, 6_000);
  expect((await old).headers.get("RateLimit-Policy")).toBe('"*";q=10;w=10');
  expect(await (await large).json()).toMatchObject({ tokens: 5 });
});

it("reset object: callers whose alarm was lost with it are gathered, too", async () => {
  const name = uniqueName();
  const fields = Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 }).toJSON();
  const ask = async (agoMs: number): Promise<GrantBody> => {
    const requeued = { arrivedAtMs: Date.now() - agoMs, elapsedMs: agoMs };
    const call = { bucket: name, policy: { name: "*", ...fields }, tokens: 1, requeued };
    const response = stubOf(name).fetch(encodeAcquireCall(call));
    return (await response).json();
  };
  // No instance of this object has set an alarm; the later caller comes first.
  const later = ask(50);
  await settle();
  expect(await ask(100)).toMatchObject({ remaining: 0, waitedMs: 100 });
  await pass(name, 1_000);
  expect(await later).toMatchObject({ waitedMs: 1_050 });
});

it("reset object: what is left of a timeout goes on counting", async () => {
  const name = uniqueName();
  await request(`/acquire?bucket=${name}`);
  const [first, second] = await queueUp(name, 2, "&timeoutMs=2000");
  vi.setSystemTime(Date.now() + 900);
  await abortAllDurableObjects();
  vi.setSystemTime(Date.now() + 900);
  expect((await first)?.status).toBe(200);
  // The tick at 1,000 ms passed unattended; the second's turn is at 2,000 ms, its very deadline.
  await untilRequeued(name, 1);
  await pass(name, 1_200);
  expect(await (await second)?.json()).toMatchObject({ waitedMs: 2_000 });
});

it("reset object: who cannot be granted in time any more is refused with timeout", async () => {
  const name = uniqueName();
  await request(`/acquire?bucket=${name}`);
  const [first, second] = await queueUp(name, 2, "&timeoutMs=2000");
  await abortAllDurableObjects();
  vi.setSystemTime(Date.now() + 2_500);
  expect((await first)?.status).toBe(200);
  const problem = await (await second)?.json();
  expect(problem).toMatchObject({ status: 429, reason: "timeout", retryAfterMs: 500 });
});

it("reset object: a caller that leaves in the meantime takes nothing", async () => {
  const name = uniqueName();
  await request(`/acquire?bucket=${name}`);
  const controller = new AbortController();
  const gone = request(`/acquire?bucket=${name}`, { signal: controller.signal }).catch(
    () => "gone",
  );
  const [staying] = await queueUp(name, 1).then(async (held) => {
    while ((await snapshotOf(name)).waiters < 2) await settle();
    return held;
  });
  await abortAllDurableObjects();
  controller.abort();
  await untilRequeued(name, 1);
  await pass(name, 1_000);
  expect((await staying)?.status).toBe(200);
  await pass(name, 1_000);
  expect(await gone).toBe("gone");
  expect(await snapshotOf(name)).toMatchObject({ tokens: 1, granted: 2, waiters: 0 });
});

it("reset object: three resets in a row lose nobody", async () => {
  const name = uniqueName();
  await request(`/acquire?bucket=${name}`);
  const held = await queueUp(name, 4);
  for (let i = 0; i < 3; i += 1) {
    await abortAllDurableObjects();
    await untilRequeued(name, 4);
  }
  await pass(name, 4_000);
  const grants = await Promise.all(
    held.map(async (response): Promise<GrantBody> => (await response).json()),
  );
  expect(grants.map((grant) => grant.grantedAtMs - (grants[0]?.grantedAtMs ?? 0))).toEqual([
    0, 1_000, 2_000, 3_000,
  ]);
});
