import { describe, expect, it, vi } from "vitest";

import { request, snapshotOf } from "../../../kit/edge/surfaces.ts";
import { alarmAtMs, uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

describe("GET /buckets/NAME", () => {
  it("shows a bucket that nobody has acquired from as it would start, and starts nothing", async () => {
    const name = uniqueName();
    const read = async (): Promise<unknown> => snapshotOf(name);
    const expected = {
      bucket: name,
      policy: {
        name: "*",
        capacity: 1,
        refillTokens: 1,
        refillIntervalMs: 1_000,
        initialTokens: 1,
        queueLimit: 1_000,
        maxWaitMs: 60_000,
      },
      tokens: 1,
      waiters: 0,
      queuedTokens: 0,
      granted: 0,
      refused: 0,
      cancelled: 0,
    };
    expect(await read()).toEqual({ ...expected, nextTickAtMs: Date.now() + 1_000 });
    vi.setSystemTime(Date.now() + 1_234);
    expect(await read()).toEqual({ ...expected, nextTickAtMs: Date.now() + 1_000 });
    expect(await alarmAtMs(name)).toBeNull();
  });

  it("takes a name with every legal character, percent-encoded", async () => {
    const name = `${uniqueName()}/A-Z.a_z:0@9`;
    const response = await request(`/acquire?bucket=${encodeURIComponent(name)}`);
    expect(await response.json()).toMatchObject({ bucket: name });
    expect(await snapshotOf(name)).toMatchObject({ bucket: name, granted: 1 });
  });
});
