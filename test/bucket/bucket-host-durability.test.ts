import { abortAllDurableObjects } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { acquire, openCounted, TEN_THOUSAND } from "../../kit/edge/counted-bucket.ts";
import { request, snapshotOf } from "../../kit/edge/surfaces.ts";
import { useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime();

/** A hundred a day: every grant is written. */
const hundredADay = { capacity: 100, refillTokens: 100, refillIntervalMs: 86_400_000 };

describe("writes", () => {
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
    const { name } = await openCounted({ ...TEN_THOUSAND, refillIntervalMs: 1_000 });
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
