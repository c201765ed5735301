/** A scrape that waits for buckets that say nothing, as long as a timer of the platform lets it. */
import { expect, it } from "vitest";

import { Scrape } from "../../../kit/http/scrape.ts";
import { deployed, ONE_A_SECOND } from "../../../kit/edge/deployed.ts";
import { stubOf, uniqueName } from "../../../kit/edge/virtual-time.ts";

it("buckets that cannot be reached are given up in time, and the calls under way are bounded", async () => {
  const names = Array.from({ length: 100 }, () => uniqueName("silent"));
  const good = uniqueName();
  let calls = 0;
  const silent = {
    stats: () => {
      calls += 1;
      return new Promise(() => undefined);
    },
  };
  const BUCKETS = { getByName: (name: string) => (name === good ? stubOf(name) : silent) };
  const POLICIES = Object.fromEntries([good, ...names].map((name) => [name, ONE_A_SECOND]));
  const startedAtMs = performance.now();
  const response = await deployed({ POLICIES, BUCKETS }, "/metrics");
  const seen = new Scrape(await response.text());
  expect(performance.now() - startedAtMs).toBeLessThan(9_000);
  expect(calls).toBe(32);
  expect(seen.value("sluice_up", { bucket: good })).toBe(1);
  const up = new Set(names.map((bucket) => seen.value("sluice_up", { bucket })));
  expect([...up]).toEqual([0]);
});
