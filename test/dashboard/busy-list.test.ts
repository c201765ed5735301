import { describe, expect, it } from "vitest";

import type { BusyBucket } from "../../src/protocol/busy-bucket.ts";

import { ageIfOld, askInQuery, queryOf, sumsOf, trendOf } from "../../src/dashboard/busy-list.ts";

const NOW_MS = 1_000_000;

function busy(fields: Partial<BusyBucket> = {}): BusyBucket {
  return {
    bucket: "a",
    policyName: "*",
    isOverridden: false,
    tokens: 1,
    capacity: 5,
    waiters: 3,
    grantedPerS: 0.5,
    refusedPerS: 0.25,
    waitP95Ms: 900,
    atMs: NOW_MS,
    ...fields,
  };
}

it("ageIfOld: two reports that are missing make one old", () => {
  expect(ageIfOld(busy({ atMs: NOW_MS - 20_000 }), NOW_MS)).toBeUndefined();
  expect(ageIfOld(busy({ atMs: NOW_MS - 20_001 }), NOW_MS)).toBe(20_001);
  expect(ageIfOld(busy({ atMs: NOW_MS + 5_000 }), NOW_MS)).toBeUndefined();
});

it("sumsOf leaves out what old reports say", () => {
  const buckets = [busy(), busy({ waiters: 4, grantedPerS: 2 }), busy({ atMs: NOW_MS - 60_000 })];
  expect(sumsOf({ buckets, omitted: 0, atMs: NOW_MS })).toEqual({
    waiters: 7,
    grantedPerS: 2.5,
    refusedPerS: 0.5,
  });
});

it("trendOf shows what the list is sorted by, of names the waiters", () => {
  const recent = [
    [1, 2, 3],
    [4, 5, 6],
  ] as const;
  const bucket = busy({ recent });
  expect(trendOf(bucket, "granted")).toEqual([1, 4]);
  expect(trendOf(bucket, "refused")).toEqual([2, 5]);
  expect(trendOf(bucket, "waiters")).toEqual([3, 6]);
  expect(trendOf(bucket, "name")).toEqual([3, 6]);
  expect(trendOf(busy(), "name")).toEqual([]);
});

describe("the address of the list", () => {
  it.each([
    ["", "", "waiters"],
    ["?prefix=team%2F", "team/", "waiters"],
    ["?sort=refused", "", "refused"],
    ["?prefix=a&sort=name", "a", "name"],
  ] as const)("%j asks for names of %j by %s, and is written so", (query, prefix, sort) => {
    expect(askInQuery(query)).toEqual({ prefix, sort });
    expect(queryOf(prefix, sort)).toBe(query);
  });

  it("takes an order that it doesn't know for the usual one", () => {
    expect(askInQuery("?sort=age&x=1")).toEqual({ prefix: "", sort: "waiters" });
  });
});
