import { describe, expect, test } from "vitest";

import {
  MAX_SHARDS,
  directoryName,
  legalShards,
  shardNamed,
  shardOf,
} from "../../src/directory/shards.ts";
import { isBucketName } from "../../src/core/bucket-name.ts";

describe("directoryName", () => {
  test("is read back by shardNamed, and is no legal name of a bucket", () => {
    for (let index = 0; index < MAX_SHARDS; index += 1) {
      expect(shardNamed(directoryName(index))).toBe(index);
      expect(isBucketName(directoryName(index))).toBe(false);
    }
  });

  test.each([
    undefined,
    "",
    "x",
    "directory:0",
    "#directory:-1",
    "#directory:64",
    "#directory:0.5",
  ])("%s is the object of no shard", (name) => {
    expect(shardNamed(name)).toBeUndefined();
  });
});

describe("shardOf", () => {
  test.each([1, 2, 4, 64])("spreads names that differ in a number over %i shards", (shards) => {
    const counts = Array.from({ length: shards }, () => 0);
    for (let user = 0; user < 64_000; user += 1) {
      const shard = shardOf(`user:${user}`, shards);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    const fair = 64_000 / shards;
    for (const count of counts) {
      expect(count).toBeGreaterThan(0.8 * fair);
      expect(count).toBeLessThan(1.2 * fair);
    }
  });

  test("is the same in every version", () => {
    // Buckets and directories of different versions must agree.
    expect(["x", "user:1", "team/a"].map((name) => shardOf(name, 64))).toEqual([11, 17, 9]);
  });
});

test.each([
  [1, 1],
  [8, 8],
  [64, 64],
  [65, 64],
  [0, 1],
  [-2, 1],
  [1.5, 1],
  ["8", 1],
  [undefined, 1],
])("legalShards of %s is %i", (said, shards) => {
  expect(legalShards(said)).toBe(shards);
});
