import { describe, expect, test } from "vitest";

import { Directory, type BusyReport, type ShardList } from "../../src/directory/directory.ts";
import { shardOf } from "../../src/directory/shards.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function reportOf(bucket: string, fields: Partial<BusyReport> = {}): BusyReport {
  return {
    bucket,
    policyName: "*",
    isOverridden: false,
    tokens: 3,
    capacity: 10,
    waiters: 0,
    grantedPerS: 2.5,
    refusedPerS: 0.5,
    waitP95Ms: 40,
    window: [25, 5, 0],
    shards: 1,
    ...fields,
  };
}

function namesIn({ buckets }: ShardList): string[] {
  return buckets.map(({ bucket }) => bucket).sort();
}

/** Busy buckets that all report every ten seconds, each to the shard that it knows of. */
class Reporting {
  readonly shards: Directory[] = [new Directory(0)];
  readonly #known = new Map<string, number>();

  constructor(buckets: readonly string[]) {
    for (const bucket of buckets) this.#known.set(bucket, 1);
  }

  report(nowMs: number): void {
    for (const [bucket, shards] of this.#known) {
      const index = shardOf(bucket, shards);
      const directory = (this.shards[index] ??= new Directory(index));
      this.#known.set(bucket, directory.report(reportOf(bucket, { shards }), nowMs).shards);
    }
  }

  /** As the Worker asks: all shards that any of them knows of. */
  list(nowMs: number): string[] {
    const names = new Set<string>();
    let count = 1;
    for (let index = 0; index < count; index += 1) {
      const list = (this.shards[index] ??= new Directory(index)).list("", false, nowMs);
      count = Math.max(count, list.shards);
      for (const name of namesIn(list)) names.add(name);
    }
    return [...names];
  }
}

describe("Directory", () => {
  test("lists what a bucket has reported last, and when", () => {
    const directory = new Directory(0);
    directory.report(reportOf("x"), 0);
    directory.report(reportOf("x", { waiters: 7, pausedUntilMs: 90_000 }), 10 * SECOND);
    const {
      shards: _,
      window: __,
      ...shown
    } = reportOf("x", { waiters: 7, pausedUntilMs: 90_000 });
    expect(directory.list("", false, 12 * SECOND).buckets).toEqual([{ ...shown, atMs: 10_000 }]);
  });

  test("lists the buckets of a prefix alone", () => {
    const directory = new Directory(0);
    for (const name of ["team/a", "team/b", "user:1"]) directory.report(reportOf(name), 0);
    expect(namesIn(directory.list("team/", false, 0))).toEqual(["team/a", "team/b"]);
    expect(namesIn(directory.list("user:12", false, 0))).toEqual([]);
  });

  test("shows the last 30 windows where they are asked for, oldest first", () => {
    const directory = new Directory(0);
    for (let count = 1; count <= 32; count += 1) {
      const window = [count, 0, 2 * count] as const;
      directory.report(reportOf("x", { window }), count * 10 * SECOND);
    }
    const [listed] = directory.list("", true, 320 * SECOND).buckets;
    expect(listed?.recent).toHaveLength(30);
    expect(listed?.recent?.[0]).toEqual([3, 0, 6]);
    expect(listed?.recent?.at(-1)).toEqual([32, 0, 64]);
    expect(directory.list("", false, 320 * SECOND).buckets[0]).not.toHaveProperty("recent");
  });

  test.each([
    ["a report is fresh for two intervals", 0, 20 * SECOND, { grantedPerS: 2.5, waitP95Ms: 40 }],
    [
      "an older one has no rates",
      0,
      20 * SECOND + 1,
      { grantedPerS: 0, refusedPerS: 0, waitP95Ms: 0 },
    ],
    ["it is listed for five minutes", 0, 5 * MINUTE, { tokens: 3 }],
    ["and not longer", 0, 5 * MINUTE + 1, undefined],
    ["with waiters for an hour", 4, 60 * MINUTE, { waiters: 4 }],
    ["and not longer either", 4, 60 * MINUTE + 1, undefined],
  ])("%s", (_, waiters, ageMs, listed) => {
    const directory = new Directory(0);
    directory.report(reportOf("x", { waiters }), 0);
    const [found] = directory.list("", false, ageMs).buckets;
    if (listed) expect(found).toMatchObject(listed);
    else expect(found).toBeUndefined();
    directory.sweep(ageMs);
    expect(directory.isEmpty).toBe(listed === undefined);
  });

  test("keeps nothing for good because its clock was set back", () => {
    const directory = new Directory(0);
    directory.report(reportOf("x"), 1_000 * MINUTE);
    directory.sweep(0);
    expect(directory.isEmpty).toBe(true);
  });

  test("forgets a bucket that was reset", () => {
    const directory = new Directory(0);
    directory.report(reportOf("x", { waiters: 9 }), 0);
    directory.drop("x");
    directory.drop("x");
    expect(directory.isEmpty).toBe(true);
  });

  test("is whole again ten seconds after it has lost its memory", () => {
    const buckets = Array.from({ length: 1_000 }, (_, index) => `user:${index}`);
    const reporting = new Reporting(buckets);
    for (let atMs = 0; atMs <= MINUTE; atMs += 10 * SECOND) reporting.report(atMs);
    expect(reporting.list(MINUTE)).toHaveLength(1_000);
    expect(reporting.shards).toHaveLength(1);
    reporting.shards[0] = new Directory(0);
    expect(reporting.list(MINUTE + 1)).toHaveLength(0);
    reporting.report(MINUTE + 10 * SECOND);
    expect(new Set(reporting.list(MINUTE + 10 * SECOND))).toEqual(new Set(buckets));
  });

  test("with more than 2,000 buckets there are twice as many shards, and none is missing meanwhile", () => {
    const buckets = Array.from({ length: 7_000 }, (_, index) => `user:${index}`);
    const reporting = new Reporting(buckets);
    for (let atMs = 0; atMs <= 10 * MINUTE; atMs += 10 * SECOND) {
      reporting.report(atMs);
      expect(reporting.list(atMs)).toHaveLength(7_000);
    }
    const held = reporting.shards.map((shard) => shard.list("", false, 10 * MINUTE).buckets.length);
    expect(held).toHaveLength(4);
    for (const count of held) expect(count).toBeLessThanOrEqual(2_000);
    expect(held.reduce((sum, count) => sum + count, 0)).toBe(7_000);
  });

  test("a shard that has lost its memory learns from reports how many there are", () => {
    const reporting = new Reporting(Array.from({ length: 5_000 }, (_, index) => `user:${index}`));
    for (let atMs = 0; atMs <= MINUTE; atMs += 10 * SECOND) reporting.report(atMs);
    reporting.shards[0] = new Directory(0);
    reporting.report(MINUTE + 10 * SECOND);
    expect(reporting.list(MINUTE + 10 * SECOND)).toHaveLength(5_000);
    expect(reporting.shards[0].list("", false, 0).shards).toBe(4);
  });

  test("never has more than 64 shards", () => {
    const directory = new Directory(0);
    expect(directory.report(reportOf("x", { shards: 1_000_000 }), 0).shards).toBe(64);
  });
});
