/** What is written once a bucket has been quiet for a second, which a timer of the platform ends. */
import { evictDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";

import { acquire, openCounted, TEN_THOUSAND } from "../../kit/edge/counted-bucket.ts";
import { snapshotOf } from "../../kit/edge/surfaces.ts";
import { pass, stubOf, useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime();

/** A while in which nobody asks, and the tick of the timer that gives the rest of a batch back. */
async function quietSecond(name: string): Promise<void> {
  await pass(name, 1_250);
  await scheduler.wait(1_350);
}

it("1,000 uncontended grants of a bucket of 10,000 take at most 10 writes", async () => {
  const { name, writes } = await openCounted(TEN_THOUSAND);
  await acquire(name, 1_000);
  expect(writes()).toBeGreaterThan(1);
  await quietSecond(name);
  expect(writes()).toBeLessThanOrEqual(10);
});

it("quiet bucket: what is left of a batch is given back, and an eviction loses nothing", async () => {
  const { name } = await openCounted({ ...TEN_THOUSAND, refillIntervalMs: 1_500 });
  await acquire(name, 200);
  await quietSecond(name);
  await evictDurableObject(stubOf(name));
  expect(await snapshotOf(name)).toMatchObject({ tokens: 9_800, granted: 200 });
});
