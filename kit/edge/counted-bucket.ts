/** Buckets whose writes are counted. */
import { runInDurableObject } from "cloudflare:test";
import { expect, vi } from "vitest";

import { ADMIN, request } from "./surfaces.ts";
import { stubOf, uniqueName } from "./virtual-time.ts";

/** Ten thousand a second, all of them there: a batch is 250. */
export const TEN_THOUSAND = { capacity: 10_000, refillTokens: 10_000, initialTokens: 10_000 };

/** Opens a bucket under `fields` and counts what its object writes from here on, row by row. */
export async function openCounted(fields: object): Promise<{ name: string; writes: () => number }> {
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

/** `count` acquires one after the other, each granted. */
export async function acquire(name: string, count = 1, query = ""): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const response = await request(`/acquire?bucket=${name}&timeoutMs=0${query}`);
    expect(response.status).toBe(200);
    // Until it is read to its end, a call counts as under way and delays an eviction.
    await response.text();
  }
}
