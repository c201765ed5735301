/**
 * What happens while callers are put back, at instants of the platform's own time: they come back after 50 ms,
 * and a new instance lets nobody in for 250.
 */
import { abortAllDurableObjects } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";

import { problemOf, request, settle, snapshotOf } from "../../kit/edge/surfaces.ts";
import { pass, stubOf, uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime({ hasSteadyPauses: true });

/** In the middle of the window: callers are back, and at the door. */
const IN_WINDOW_MS = 120;

function keyed(key: string): RequestInit {
  return { headers: { "Idempotency-Key": `"${key}"` } };
}

/** A bucket of one a second, with nothing in it. */
async function emptied(): Promise<string> {
  const name = uniqueName();
  expect((await request(`/acquire?bucket=${name}`)).status).toBe(200);
  return name;
}

async function untilWaiters(name: string, count: number): Promise<void> {
  while ((await snapshotOf(name)).waiters !== count) await settle();
}

/** Sends requests one after the other; each waits in the queue before the next is sent. */
async function queueUp(name: string, count: number): Promise<Promise<Response>[]> {
  const held: Promise<Response>[] = [];
  while (held.length < count) {
    held.push(request(`/acquire?bucket=${name}`));
    await untilWaiters(name, held.length);
  }
  return held;
}

/** Resets the object, and resolves when its callers are at the door of the next instance. */
async function resetUntilInWindow(name: string): Promise<void> {
  await abortAllDurableObjects();
  expect((await snapshotOf(name)).waiters).toBe(0);
  await scheduler.wait(IN_WINDOW_MS);
}

it.each([3, 4, 6])("after %i resets 300 ms apart the first is still the first", async (resets) => {
  const name = await emptied();
  const held = await queueUp(name, 4);
  const order: number[] = [];
  const done = held.map(async (response, i) => {
    expect((await response).status).toBe(200);
    order.push(i);
  });
  for (let i = 1; i < resets; i += 1) {
    await abortAllDurableObjects();
    await scheduler.wait(300);
  }
  // This time there is a token for whoever is let in first, and the first and the last come back late.
  vi.setSystemTime(Date.now() + 1_000);
  for (const draw of [0.99, 0.5, 0.5, 0.99]) vi.mocked(Math.random).mockReturnValueOnce(draw);
  await abortAllDurableObjects();
  const newcomer = await request(`/acquire?bucket=${name}&timeoutMs=0`);
  expect(newcomer.status).toBe(429);
  expect(order).toEqual([0]);
  await untilWaiters(name, 3);
  await pass(name, 3_000);
  await Promise.all(done);
  expect(order).toEqual([0, 1, 2, 3]);
});

describe("a caller at the door", () => {
  it("is refused when the process ends", async () => {
    const name = await emptied();
    const held = await queueUp(name, 2);
    await resetUntilInWindow(name);
    expect(await stubOf(name).isAwaited).toBe(true);
    await stubOf(name).shutDown();
    for (const response of held) {
      expect(await problemOf(response, 503, "unavailable")).toMatchObject({ retryAfterMs: 1_000 });
    }
    expect(await snapshotOf(name)).toMatchObject({ granted: 1, tokens: 0, waiters: 0 });
  });

  it("is ended by DELETE /acquire with its key", async () => {
    const name = await emptied();
    const held = request(`/acquire?bucket=${name}`, keyed("a"));
    await untilWaiters(name, 1);
    const other = request(`/acquire?bucket=${name}`);
    await untilWaiters(name, 2);
    await resetUntilInWindow(name);
    expect((await snapshotOf(name)).waiters).toBe(0);
    const init = { method: "DELETE", ...keyed("a") };
    const cancelled = await request(`/acquire?bucket=${name}`, init);
    expect(await cancelled.json()).toEqual({ cancelled: true });
    expect((await held).status).toBe(499);
    await untilWaiters(name, 1);
    await pass(name, 1_000);
    expect((await other).status).toBe(200);
  });

  it("that leaves and comes back with its key keeps its arrival", async () => {
    const name = await emptied();
    const controller = new AbortController();
    const { signal } = controller;
    const held = request(`/acquire?bucket=${name}`, { ...keyed("a"), signal }).catch(() => "gone");
    await untilWaiters(name, 1);
    const second = request(`/acquire?bucket=${name}`, keyed("b"));
    await untilWaiters(name, 2);
    await resetUntilInWindow(name);
    expect((await snapshotOf(name)).waiters).toBe(0);
    controller.abort();
    expect(await held).toBe("gone");
    await untilWaiters(name, 1);
    const again = request(`/acquire?bucket=${name}`, keyed("a"));
    await untilWaiters(name, 2);
    await pass(name, 1_000);
    expect((await again).status).toBe(200);
    await pass(name, 1_000);
    expect((await second).status).toBe(200);
  });

  it("that leaves and comes back with its key keeps its deadline", async () => {
    const name = await emptied();
    const controller = new AbortController();
    const { signal } = controller;
    const path = `/acquire?bucket=${name}&timeoutMs=5000`;
    const held = request(path, { ...keyed("a"), signal }).catch(() => "gone");
    await untilWaiters(name, 1);
    await resetUntilInWindow(name);
    controller.abort();
    expect(await held).toBe("gone");
    await settle();
    vi.setSystemTime(Date.now() + 5_001);
    await problemOf(request(path, keyed("a")), 429, "timeout");
  });
});
