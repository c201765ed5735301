import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";

import type { BucketFiles } from "../../src/worker/config/bucket-files.ts";
import type { BusyBucket } from "../../src/protocol/busy-bucket.ts";

import { NoBusyListError, cutList, listBusy } from "../../src/worker/busy-buckets.ts";
import { directoryName } from "../../src/directory/shards.ts";
import { reportBusy } from "../../kit/edge/busy-reports.ts";
import { uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime();

const everything = [{ rights: ["read"], buckets: ["*"] }] as const;

/** The objects of the tests, but that a call to `name` does as `instead` does as long as that is defined. */
function objectsBut(name: string, instead: () => Promise<unknown> | undefined): typeof env.BUCKETS {
  const getByName = (asked: string) => {
    const stub = env.BUCKETS.getByName(asked);
    if (asked !== name) return stub;
    const listBusyThere = (prefix: string, hasRecent: boolean) => {
      return instead() ?? stub.listBusy(prefix, hasRecent);
    };
    return { listBusy: listBusyThere };
  };
  return { getByName } as unknown as typeof env.BUCKETS;
}

function namesOf(buckets: readonly BusyBucket[]): string[] {
  return buckets.map(({ bucket }) => bucket).toSorted();
}

describe("listBusy", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("asks all shards that any of them knows of, and takes the later entry of a bucket in two", async () => {
    const prefix = `${uniqueName()}/`;
    const asked = { prefix, hasRecent: false };
    await reportBusy(`${prefix}a`, { waiters: 1 }, 0);
    await reportBusy(`${prefix}moved`, { waiters: 1, shards: 4 }, 0);
    await reportBusy(`${prefix}b`, { shards: 8 }, 3);
    await reportBusy(`${prefix}c`, { shards: 8 }, 7);
    vi.setSystemTime(Date.now() + 1_000);
    await reportBusy(`${prefix}moved`, { waiters: 9, shards: 8 }, 5);
    const buckets = await listBusy(env, everything, asked);
    expect(namesOf(buckets)).toEqual(["a", "b", "c", "moved"].map((name) => prefix + name));
    expect(buckets.find(({ bucket }) => bucket === `${prefix}moved`)?.waiters).toBe(9);
  });

  it("has only the names that may be read", async () => {
    const prefix = `${uniqueName()}/`;
    for (const name of ["team/a", "team/b", "other"]) await reportBusy(prefix + name);
    const scopes = [
      { rights: ["read"] as const, buckets: [`${prefix}team/*`] },
      { rights: ["acquire", "pause"] as const, buckets: [`${prefix}other`] },
    ];
    const buckets = await listBusy(env, scopes, { prefix: "", hasRecent: false });
    expect(namesOf(buckets)).toEqual([`${prefix}team/a`, `${prefix}team/b`]);
  });

  it("is no shorter list if a shard fails, or is silent for two seconds", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const asked = { prefix: uniqueName(), hasRecent: false };
    const overloaded = Object.assign(new Error("Too many"), { overloaded: true, remote: true });
    const failing = objectsBut(directoryName(0), async () => {
      throw overloaded;
    });
    await expect(listBusy({ BUCKETS: failing }, everything, asked)).rejects.toThrow(
      NoBusyListError,
    );
    const silent = objectsBut(directoryName(0), () => new Promise(() => undefined));
    await expect(listBusy({ BUCKETS: silent }, everything, asked)).rejects.toThrow(NoBusyListError);
    expect(error).toHaveBeenCalledTimes(2);
  });

  it("asks a shard again that was just reset", async () => {
    const prefix = uniqueName();
    await reportBusy(prefix);
    let calls = 0;
    const restarting = objectsBut(directoryName(0), () => {
      calls += 1;
      const reset = Object.assign(new Error("Reset"), { durableObjectReset: true, remote: true });
      return calls === 1 ? Promise.reject(reset) : undefined;
    });
    const buckets = await listBusy({ BUCKETS: restarting }, everything, {
      prefix,
      hasRecent: true,
    });
    expect(buckets).toMatchObject([{ bucket: prefix, recent: [[10, 0, 2]] }]);
  });

  it("sets a damaged file of a shard aside: what it held comes again", async () => {
    const prefix = uniqueName();
    await reportBusy(prefix);
    const setAside: string[] = [];
    const FILES: BucketFiles = {
      isUnused: async () => false,
      stateOf: async () => ({ path: "x.sqlite", fault: "database disk image is malformed" }),
      setAside: async (name) => setAside.push(name) > 0,
    };
    const damaged = objectsBut(directoryName(0), () => {
      const error = Object.assign(new Error("internal error"), { remote: true });
      return setAside.length === 0 ? Promise.reject(error) : undefined;
    });
    const asked = { prefix, hasRecent: false };
    expect(await listBusy({ BUCKETS: damaged, FILES }, everything, asked)).toHaveLength(1);
    expect(setAside).toEqual([directoryName(0)]);
  });

  it("makes no file of a shard that was never reported to", async () => {
    const FILES: BucketFiles = {
      isUnused: async () => true,
      stateOf: async () => undefined,
      setAside: async () => false,
    };
    const BUCKETS = objectsBut(directoryName(0), () => Promise.reject(new Error("It is made")));
    const asked = { prefix: "", hasRecent: false };
    expect(await listBusy({ BUCKETS, FILES }, everything, asked)).toEqual([]);
  });

  it("makes at most eight lists at a time", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const asked = { prefix: uniqueName(), hasRecent: false };
    const BUCKETS = objectsBut(directoryName(0), () => new Promise(() => undefined));
    const waiting = Array.from({ length: 8 }, () => listBusy({ BUCKETS }, everything, asked));
    const ended = Promise.allSettled(waiting);
    const refused = listBusy({ BUCKETS }, everything, asked);
    await expect(refused).rejects.toThrow("8 lists of busy buckets are in progress");
    await ended;
    expect(await listBusy(env, everything, asked)).toEqual([]);
  });
});

describe("cutList", () => {
  const common = { policyName: "*", isOverridden: false, tokens: 0, capacity: 1, atMs: 0 };
  const buckets: BusyBucket[] = (
    [
      ["b", 5, 1, 0],
      ["a", 5, 3, 2],
      ["d", 0, 9, 2],
      ["c", 7, 0, 8],
    ] as const
  ).map(([bucket, waiters, grantedPerS, refusedPerS]) => {
    return Object.assign({ bucket, waiters, grantedPerS, refusedPerS, waitP95Ms: 0 }, common);
  });

  it.each([
    ["waiters", "cabd"],
    ["granted", "dabc"],
    ["refused", "cadb"],
    ["name", "abcd"],
  ] as const)(
    "puts the most first by %s, and equals in the order of their names",
    (sort, order) => {
      const all = cutList(buckets, { sort, limit: 100 });
      expect(all.buckets.map(({ bucket }) => bucket).join("")).toBe(order);
      expect(all.omitted).toBe(0);
      const cut = cutList(buckets, { sort, limit: 3 });
      expect(cut).toEqual({ buckets: all.buckets.slice(0, 3), omitted: 1 });
    },
  );
});
