import { waitUntil } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";

import type { BucketPlatform } from "../../src/bucket/platform.ts";

import { Policy } from "../../src/core/policy.ts";
import { BucketHost } from "../../src/bucket/bucket-host.ts";
import { GrantPoints } from "../../src/answers/grant-points.ts";
import { LeasedBucket } from "../../src/worker/leased-bucket.ts";
import { deployed } from "../../kit/edge/deployed.ts";
import { ADMIN, settle } from "../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualDate } from "../../kit/edge/virtual-time.ts";
import { timeZones } from "../../src/time-zones.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const bucket = { name: "x", policyName: "*" };

/** A dataset that keeps its points, and fails while it is told to. */
class Dataset {
  readonly points: AnalyticsEngineDataPoint[] = [];
  isBroken = false;

  writeDataPoint(point: AnalyticsEngineDataPoint = {}): void {
    if (this.isBroken) throw new Error("No more points");
    this.points.push(point);
  }

  /** Tokens, waits, what was left, and grants, of each point. */
  get doubles(): (readonly number[])[] {
    return this.points.map(({ doubles = [] }) => doubles);
  }

  /** Sums of tokens, waits and grants. */
  get sums(): number[] {
    return [0, 1, 3].map((index) => {
      return this.doubles.reduce((sum, doubles) => sum + (doubles[index] ?? NaN), 0);
    });
  }
}

/** Grants of 1, 2, 3, … tokens that have waited 10, 20, 30, … ms. */
function grantsOf(count: number): { tokens: number; waitedMs: number; remaining: number }[] {
  return Array.from({ length: count }, (_, index) => {
    return { tokens: index + 1, waitedMs: 10 * (index + 1), remaining: count - index };
  });
}

function sumsOf(count: number): number[] {
  const tokens = (count * (count + 1)) / 2;
  return [tokens, 10 * tokens, count];
}

describe("GrantPoints", () => {
  it("writes a point a grant", () => {
    const dataset = new Dataset();
    new GrantPoints(dataset, "lease").write({ name: "login:ann", policyName: "login:*" }, [
      { tokens: 2, waitedMs: 30, remaining: 5 },
      { tokens: 1, waitedMs: 0, remaining: 4 },
    ]);
    const whose = { indexes: ["login:ann"], blobs: ["login:ann", "login:*", "lease"] };
    expect(dataset.points).toEqual([
      { ...whose, doubles: [2, 30, 5, 1] },
      { ...whose, doubles: [1, 0, 4, 1] },
    ]);
  });

  it("cuts the index, not the name, where the name is longer than an index may be", () => {
    const dataset = new Dataset();
    const name = "n".repeat(128);
    new GrantPoints(dataset, "object").write({ name, policyName: "*" }, grantsOf(1));
    expect(dataset.points).toMatchObject([
      { indexes: ["n".repeat(96)], blobs: [name, "*", "object"] },
    ]);
  });

  it.each([150, 151, 299, 1_000, 10_000])(
    "merges those of one turn where they are too many, evenly and in order: %i",
    (count) => {
      const dataset = new Dataset();
      new GrantPoints(dataset, "object").write(bucket, grantsOf(count));
      expect(dataset.points).toHaveLength(150);
      expect(dataset.sums).toEqual(sumsOf(count));
      const grants = dataset.doubles.map(([, , , number = 0]) => number);
      expect(Math.max(...grants) - Math.min(...grants)).toBeLessThanOrEqual(1);
      const remaining = dataset.doubles.map(([, , left = 0]) => left);
      expect(remaining).toEqual(remaining.toSorted((one, other) => other - one));
      expect(remaining.at(-1)).toBe(1);
    },
  );

  it("stays within 250 points an invocation, whatever its timers grant, and owes the rest", () => {
    const dataset = new Dataset();
    const points = new GrantPoints(dataset, "object");
    points.write(bucket, grantsOf(1_000));
    for (let tick = 0; tick < 200; tick += 1) points.write(bucket, grantsOf(3));
    expect(dataset.points).toHaveLength(250);
    points.invoked();
    points.write(bucket, grantsOf(1));
    expect(dataset.points).toHaveLength(252);
    const [tokens = 0, waitedMs = 0, count = 0] = sumsOf(1_000);
    expect(dataset.sums).toEqual([tokens + 200 * 6 + 1, waitedMs + 200 * 60 + 10, count + 601]);
  });

  it("writes each of the grants of timers that there are points for", () => {
    const dataset = new Dataset();
    const points = new GrantPoints(dataset, "object");
    for (let tick = 0; tick < 50; tick += 1) points.write(bucket, grantsOf(3));
    expect(dataset.points).toHaveLength(150);
  });

  it("throws nothing where the dataset does, and writes what is owed with the next", () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const dataset = new Dataset();
    const points = new GrantPoints(dataset, "object");
    dataset.isBroken = true;
    for (let turn = 0; turn < 3; turn += 1) {
      points.invoked();
      points.write(bucket, grantsOf(2));
    }
    expect(dataset.points).toEqual([]);
    expect(logged).toHaveBeenCalledOnce();
    dataset.isBroken = false;
    points.invoked();
    points.write(bucket, grantsOf(1));
    expect(dataset.doubles).toEqual([
      [9, 90, 1, 6],
      [1, 10, 1, 1],
    ]);
  });
});

describe("LeasedBucket", () => {
  it("writes its grants as those of a lease, and grants though the dataset is broken", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    const lease = { maxTokens: 100, ttlMs: 1_000 };
    const fields = { capacity: 1_000, refillTokens: 1, refillIntervalMs: 86_400_000, lease };
    const policy = { name: "leased:*", ...Policy.of(fields).toJSON() };
    const dataset = new Dataset();
    const snapshot = {
      bucket: "leased:1",
      policy,
      tokens: 900,
      waiters: 0,
      queuedTokens: 0,
      nextTickAtMs: Date.now() + 86_400_000,
      granted: 0,
      refused: 0,
      cancelled: 0,
    };
    const lent = Promise.withResolvers<void>();
    const points = new GrantPoints(dataset, "lease");
    const isolate = new LeasedBucket(
      lease,
      async ({ wanted }) => {
        const untilMs = Date.now() + 10_000;
        setTimeout(lent.resolve, 0);
        return {
          lease: { tokens: wanted, startedAtMs: 1, untilMs, ttlMs: 1_000 },
          bucket: snapshot,
        };
      },
      waitUntil,
      points,
    );
    expect(isolate.acquire(10)).toBeUndefined();
    isolate.flushReports();
    await lent.promise;
    const granted = isolate.acquire(2);
    expect(granted?.grant).toMatchObject({ ok: true, tokens: 2 });
    const { remaining } = granted!.grant;
    const blobs = ["leased:1", "leased:*", "lease"];
    expect(dataset.points).toEqual([
      { indexes: ["leased:1"], blobs, doubles: [2, 0, remaining, 1] },
    ]);
    dataset.isBroken = true;
    expect(isolate.acquire(1)?.grant.tokens).toBe(1);
  });
});

describe("a bucket that this isolate has paused before it was asked for tokens", () => {
  it("has its grants from leases written, too", async () => {
    useVirtualDate();
    const lease = { maxTokens: 100, ttlMs: 1_000 };
    const fields = { capacity: 1_000, initialTokens: 1_000, refillTokens: 1_000, lease };
    const ANALYTICS = new Dataset();
    const POLICIES = { "*": { ...fields, refillIntervalMs: 1_000 } };
    const variables = { POLICIES, ANALYTICS };
    const name = uniqueName("leased");
    const pause = { method: "POST", headers: ADMIN };
    for (const untilMs of [Date.now() + 60_000, 0]) {
      const body = JSON.stringify({ untilMs, tokens: 1_000 });
      const response = await deployed(variables, `/buckets/${name}/pause`, { ...pause, body });
      expect([response.status, await response.json()]).toMatchObject([200, { bucket: name }]);
    }
    for (let i = 0; i < 20; i += 1) {
      vi.setSystemTime(Date.now() + 5);
      await (await deployed(variables, `/acquire?bucket=${name}`)).text();
      await settle();
    }
    expect(ANALYTICS.points.length).toBeGreaterThan(0);
  });
});

describe("BucketHost.granted", () => {
  const policy = {
    name: "*",
    ...Policy.of({ capacity: 3, refillTokens: 3, refillIntervalMs: 1_000 }).toJSON(),
  };

  /** An host whose disk, alarm and timers do nothing, and what it was told to have granted. */
  function openHost(write: () => void): {
    host: BucketHost;
    turns: number[][];
    clock: { nowMs: number };
  } {
    const turns: number[][] = [];
    const clock = { nowMs: 1_000_000 };
    const platform: BucketPlatform = {
      clock: { now: () => clock.nowMs, setTimer: () => () => undefined },
      alarms: { setAlarm: async () => undefined, deleteAlarm: async () => undefined },
      disk: {
        read: () => undefined,
        write,
        keyedGrants: {
          list: () => [],
          put: () => undefined,
          earlier: { list: () => [], delete: () => undefined },
        },
        ticketSecret: { read: () => undefined, write: () => undefined },
        removedCallers: { read: () => undefined, write: () => undefined },
        grantRows: { list: () => [], put: () => undefined },
        erase: async () => undefined,
      },
      timeZones,
      newId: () => crypto.randomUUID(),
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      abort: () => undefined,
      granted: (_, grants) => turns.push(grants.map(({ tokens }) => tokens)),
    };
    return { host: new BucketHost(platform), turns, clock };
  }

  it("is told once a turn of all that were granted, once they have been told", () => {
    const { host, turns, clock } = openHost(() => undefined);
    const kinds: string[] = [];
    const acquire = (tokens: number, timeoutMs: number, idempotencyKey?: string): void => {
      const key = idempotencyKey === undefined ? {} : { idempotencyKey };
      const call = { bucket: "x", policy, tokens, timeoutMs, ...key };
      host.acquire(call, { answered: ({ kind }) => kinds.push(`${kind} ${turns.length}`) });
    };
    acquire(3, 0);
    expect([kinds, turns]).toEqual([["outcome 0"], [[3]]]);
    acquire(3, 0);
    expect(turns).toEqual([[3]]);
    // Two requests in one place are one grant.
    for (const key of ["k", "k", "l"]) acquire(1, 5_000, key);
    clock.nowMs += 1_000;
    host.alarm();
    expect(turns).toEqual([[3], [1, 1]]);
    expect(kinds.slice(2)).toEqual(["outcome 1", "outcome 1", "outcome 1"]);
    // Given again: no grant.
    acquire(1, 5_000, "k");
    expect(turns).toEqual([[3], [1, 1]]);
  });

  it("is told nothing of what could not be written", () => {
    const { host, turns } = openHost(() => {
      throw new Error("Disk full");
    });
    const call = { bucket: "x", policy, tokens: 1 };
    expect(() => host.acquire(call, { answered: () => undefined })).toThrow("Disk full");
    expect(turns).toEqual([]);
  });
});
