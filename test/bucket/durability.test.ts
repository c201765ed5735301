import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ADMIN, request, snapshotOf } from "../../kit/edge/surfaces.ts";
import { pass, stubOf, uniqueName, useVirtualDate } from "../../kit/edge/virtual-time.ts";

beforeEach(useVirtualDate);
afterEach(() => {
  vi.useRealTimers();
});

/** Ten thousand a second, all of them there: a batch is 250. */
const tenThousand = { capacity: 10_000, refillTokens: 10_000, initialTokens: 10_000 };
/** A hundred a day: every grant is written. */
const hundredADay = { capacity: 100, refillTokens: 100, refillIntervalMs: 86_400_000 };

/** Opens a bucket under `fields` and counts what its object writes from here on, row by row. */
async function openCounted(fields: object): Promise<{ name: string; writes: () => number }> {
  const name = uniqueName();
  await request(`/buckets/${name}`, {
    method: "PUT",
    headers: ADMIN,
    body: JSON.stringify(fields),
  });
  const puts = await runInDurableObject(stubOf(name), (_, { storage }) =>
    vi.spyOn(storage.kv, "put"),
  );
  return { name, writes: () => puts.mock.calls.length };
}

async function acquire(name: string, count = 1, query = ""): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const response = await request(`/acquire?bucket=${name}&timeoutMs=0${query}`);
    expect(response.status).toBe(200);
    // Until it is read to its end, a call counts as under way and delays an eviction.
    await response.text();
  }
}

/** A while in which nobody asks, and the tick of the timer that gives the rest of a batch back. */
async function quietSecond(name: string): Promise<void> {
  await pass(name, 1_250);
  await scheduler.wait(1_350);
}

describe("writes", () => {
  it("1,000 uncontended grants of a bucket of 10,000 take at most 10", async () => {
    const { name, writes } = await openCounted(tenThousand);
    await acquire(name, 1_000);
    expect(writes()).toBeGreaterThan(1);
    await quietSecond(name);
    expect(writes()).toBeLessThanOrEqual(10);
    // A thousand requests one after the other: on a busy machine that takes longer than a test may by default.
  }, 30_000);

  it("a bucket of 100 a day takes one for each grant", async () => {
    const { name, writes } = await openCounted(hundredADay);
    await acquire(name, 100);
    expect(writes()).toBe(100);
  });

  it("refusals take none", async () => {
    const { name, writes } = await openCounted(hundredADay);
    await acquire(name, 1, "&tokens=100");
    const before = writes();
    for (let index = 0; index < 100; index += 1) {
      expect((await request(`/acquire?bucket=${name}&timeoutMs=0`)).status).toBe(429);
    }
    expect(writes()).toBe(before);
  });
});

describe("a reset in the middle of a batch", () => {
  it("loses at most the rest of it, and gives nothing out twice", async () => {
    const { name } = await openCounted({ ...tenThousand, refillIntervalMs: 1_000 });
    await acquire(name, 200);
    await abortAllDurableObjects();
    const { tokens } = await snapshotOf(name);
    expect(tokens).toBeLessThanOrEqual(9_800);
    expect(tokens).toBeGreaterThanOrEqual(9_800 - 250);
  });

  it("of a bucket of 100 a day loses nothing", async () => {
    const { name } = await openCounted(hundredADay);
    await acquire(name, 30);
    await abortAllDurableObjects();
    expect(await snapshotOf(name)).toMatchObject({ tokens: 70, granted: 30 });
  });
});

it("quiet bucket: what is left of a batch is given back, and an eviction loses nothing", async () => {
  const { name } = await openCounted({ ...tenThousand, refillIntervalMs: 1_500 });
  await acquire(name, 200);
  await quietSecond(name);
  await evictDurableObject(stubOf(name));
  expect(await snapshotOf(name)).toMatchObject({ tokens: 9_800, granted: 200 });
});
