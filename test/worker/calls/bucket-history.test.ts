import { describe, expect, it, vi } from "vitest";

import type { BucketHistory } from "../../../src/protocol/bucket-history.ts";

import { changePolicy, problemOf, request } from "../../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

async function historyOf(name: string): Promise<BucketHistory> {
  const response = await request(`/buckets/${encodeURIComponent(name)}/history`);
  expect(response.status).toBe(200);
  return response.json();
}

describe("GET /buckets/NAME/history", () => {
  it("has a point for each window in which the bucket was busy", async () => {
    const name = uniqueName();
    await changePolicy(name, { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 });
    const startedAtMs = Date.now();
    for (let asked = 0; asked <= 30; asked += 1) {
      await request(`/acquire?bucket=${name}&timeoutMs=0`);
      vi.setSystemTime(Date.now() + 500);
    }
    expect(await historyOf(name)).toEqual({
      intervalMs: 10_000,
      points: [
        [startedAtMs + 5_000, 6, 5, 0, 0, 0],
        [startedAtMs + 15_000, 10, 10, 0, 0, 0],
      ],
    });
  });

  it("is empty for a bucket that was never busy, and starts none", async () => {
    const name = uniqueName();
    expect(await historyOf(name)).toEqual({ intervalMs: 10_000, points: [] });
  });

  it("refuses an illegal name", async () => {
    await problemOf(request("/buckets/%23directory:0/history"), 400, "invalid-request");
  });
});
