import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import type { BusyReport } from "../../src/directory/directory.ts";
import type { KnownOverride } from "../../src/protocol/known-override.ts";

import { Policy } from "../../src/core/policy.ts";
import { directoryName } from "../../src/directory/shards.ts";
import { uniqueName } from "../../kit/edge/virtual-time.ts";

const policy = Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 }).toJSON();

function shard(index: number) {
  return env.BUCKETS.getByName(directoryName(index));
}

function reportOf(bucket: string, fields: Partial<BusyReport> = {}): BusyReport {
  const counts = { tokens: 0, capacity: 1, waiters: 2, waitP95Ms: 0 };
  const rates = { grantedPerS: 1, refusedPerS: 0, window: [10, 0, 2] as const, shards: 1 };
  return { bucket, policyName: "*", isOverridden: true, ...counts, ...rates, ...fields };
}

function overrideOf(bucket: string): KnownOverride {
  return { bucket, policy, atMs: 7, note: "for the launch", hasPrevious: false };
}

/** Its timer keeps the object in memory, so it can't be evicted. */
async function restart() {
  try {
    await runInDurableObject(shard(0), (_, state) => state.abort("A restart"));
  } catch {
    // As meant.
  }
}

describe("DirectoryObject", () => {
  it("lists what was reported, until it is dropped", async () => {
    const name = uniqueName();
    const { shards } = await shard(7).reportBusy(reportOf(name, { shards: 8 }));
    expect(shards).toBe(8);
    const list = await shard(7).listBusy(name, true);
    expect(list.buckets).toMatchObject([{ bucket: name, waiters: 2, recent: [[10, 0, 2]] }]);
    await shard(7).busyEnded(name);
    const { buckets } = await shard(7).listBusy(name, false);
    expect(buckets).toEqual([]);
  });

  it("writes nothing for reports, and leaves nothing once its overrides are gone", async () => {
    const name = uniqueName();
    const rows = async () => {
      return runInDurableObject(shard(0), (_, { storage }) => [...storage.kv.list()].length);
    };
    await shard(0).reportBusy(reportOf(name));
    expect(await rows()).toBe(0);
    await shard(0).noteOverride(name, overrideOf(name));
    expect(await rows()).toBe(1);
    await shard(0).noteOverride(name, undefined);
    expect(await rows()).toBe(0);
    expect(await runInDurableObject(shard(0), (_, { storage }) => storage.getAlarm())).toBeNull();
    await shard(0).busyEnded(name);
  });

  it("keeps overrides through a restart, and loses reports", async () => {
    const names = [uniqueName(), uniqueName()].toSorted();
    for (const name of names) await shard(0).noteOverride(name, overrideOf(name));
    await shard(0).reportBusy(reportOf(names[0]!));
    await restart();
    const overrides = await shard(0).listOverrides();
    expect(overrides).toEqual(names.map(overrideOf));
    const { buckets } = await shard(0).listBusy("", false);
    expect(buckets).toEqual([]);
    for (const name of names) await shard(0).noteOverride(name, undefined);
  });

  it("drops an override that its bucket no longer has", async () => {
    const name = uniqueName();
    await shard(0).noteOverride(name, overrideOf(name));
    await shard(0).reportBusy(reportOf(name));
    expect((await shard(0).listOverrides()).length).toBe(1);
    await shard(0).reportBusy(reportOf(name, { isOverridden: false }));
    expect((await shard(0).listOverrides()).length).toBe(0);
    await shard(0).busyEnded(name);
  });

  it("is no object of a bucket", async () => {
    const refused = "This object is a bucket, not a directory";
    await runInDurableObject(env.BUCKETS.getByName(uniqueName()), (bucket) => {
      expect(() => bucket.listBusy("", false)).toThrow(refused);
      expect(() => bucket.reportBusy(reportOf("x"))).toThrow(refused);
      expect(() => bucket.noteOverride("x", undefined)).toThrow(refused);
      expect(() => bucket.listOverrides()).toThrow(refused);
    });
  });
});
