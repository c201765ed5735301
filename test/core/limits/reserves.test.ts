import { describe, expect, test } from "vitest";

import { bucketOf } from "../../../kit/model/limiters.ts";
import { Reserves } from "../../../src/core/limits/reserves.ts";
import { TokenBucket } from "../../../src/core/limits/token-bucket.ts";

/** Ten tokens, all of which have been taken, and one every 100 ms. */
function emptyBucket(): TokenBucket {
  return TokenBucket.start(bucketOf({ capacity: 10, refillIntervalMs: 100, initialTokens: 0 }), 0);
}

describe("Reserves.advance", () => {
  test("writes off what ticks make good", () => {
    const bucket = emptyBucket();
    const reserves = new Reserves();
    const start = reserves.of("rate").add(10);
    reserves.advance("rate", bucket, 300);
    expect(bucket.tokens).toBe(3);
    expect([reserves.of("rate").tokens, reserves.of("rate").remove(start)]).toEqual([7, 7]);
  });

  test("leaves a limit alone of which nothing is reserved", () => {
    const bucket = emptyBucket();
    const reserves = new Reserves();
    reserves.of("tpm").add(5);
    reserves.advance("rate", bucket, 300);
    expect([bucket.tokens, reserves.of("tpm").tokens]).toEqual([3, 5]);
    expect(reserves.toJSON()).toEqual({ tpm: 0 });
  });

  test("writes off before the end of a lease what there was no room for until then", () => {
    const bucket = emptyBucket();
    bucket.lend(4, 350);
    const reserves = new Reserves();
    reserves.of("rate").add(10);
    // Of six that have room beside the lease, three ticks have filled none: four below zero.
    reserves.advance("rate", bucket, 300);
    expect([bucket.tokens, bucket.missing, reserves.of("rate").tokens]).toEqual([-1, 7, 7]);
    reserves.advance("rate", bucket, 500);
    expect([bucket.tokens, bucket.missing, reserves.of("rate").tokens]).toEqual([1, 9, 7]);
    const late = emptyBucket();
    late.lend(4, 350);
    const other = new Reserves();
    other.of("rate").add(10);
    other.advance("rate", late, 500);
    expect(other.of("rate").tokens).toBe(7);
  });

  test("has nothing to come back where more is out than there is room for", () => {
    const bucket = emptyBucket();
    bucket.lend(10, 1_000);
    bucket.reconfigure(bucketOf({ capacity: 5, refillIntervalMs: 100, initialTokens: 0 }), 0);
    const reserves = new Reserves();
    reserves.of("rate").add(3);
    bucket.take(-20);
    reserves.advance("rate", bucket, 10);
    expect(reserves.of("rate").tokens).toBe(0);
  });
});

describe("Reserves.restore", () => {
  const until = (expiresAtMs: number, start: number, spent = 0) => {
    return { expiresAtMs, limits: { rate: { reserved: 4, spent, start } } };
  };

  test("restores what is open, as far as it isn't spent or written off", () => {
    const bucket = emptyBucket();
    const reserves = new Reserves({ rate: 2 });
    reserves.restore("rate", bucket, [until(900, 4, 1), until(900, 0)]);
    expect(reserves.of("rate").tokens).toBe(5);
    expect([reserves.of("rate").remove(0), reserves.of("rate").remove(4)]).toEqual([2, 3]);
  });

  test("restores nothing of what is settled, or was over at the last tick, but their numbers", () => {
    const bucket = emptyBucket();
    bucket.advance(300);
    const reserves = new Reserves();
    const settlement = { settledAtMs: 10 };
    reserves.restore("rate", bucket, [
      { ...until(900, 8), settlement },
      until(300, 4),
      until(301, 0),
    ]);
    expect([reserves.of("rate").tokens, reserves.of("rate").nextNumber]).toEqual([4, 12]);
  });

  test("restores nothing of other limits", () => {
    const reserves = new Reserves();
    reserves.restore("tpm", emptyBucket(), [until(900, 0)]);
    expect([reserves.of("tpm").tokens, reserves.of("rate").tokens]).toEqual([0, 0]);
  });
});

describe("Reserves.keepOnly", () => {
  test("gives nothing back to a later limit of the same name", () => {
    const reserves = new Reserves();
    const before = reserves.of("tpm").add(4);
    reserves.keepOnly(["rate"]);
    expect(reserves.of("tpm").tokens).toBe(0);
    const later = reserves.of("tpm").add(3);
    expect([reserves.of("tpm").remove(before), reserves.of("tpm").remove(later)]).toEqual([0, 3]);
    expect(reserves.toJSON()).toEqual({ tpm: 4 });
  });
});
