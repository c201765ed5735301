import { describe, expect, test } from "vitest";

import type { TokenBucketState } from "../../../src/core/limits/bucket-state.ts";

import { isTokenBucketState } from "../../../src/core/limits/bucket-state.ts";
import { TokenBucket } from "../../../src/core/limits/token-bucket.ts";
import { bucketOf, epochMs } from "../../../kit/model/limiters.ts";

describe("A bucket's state", () => {
  const policy = bucketOf({ capacity: 5, refillTokens: 2, refillIntervalMs: 100 });
  const good: TokenBucketState = { kind: "bucket", startedAtMs: epochMs, tick: 7, tokens: 5 };

  test("is one of a token bucket if it says so", () => {
    expect([good, { kind: "calendar" }].map(isTokenBucketState)).toEqual([true, false]);
  });

  test.each([
    { tokens: 6 },
    { tokens: 0.5 },
    { tokens: Number.NaN },
    { tokens: "3" },
    { tokens: null },
    { tokens: undefined },
    { tick: -1 },
    { tick: 1.5 },
    { tick: 2 ** 53 },
    { tick: undefined },
    { startedAtMs: 0.5 },
    { startedAtMs: Number.POSITIVE_INFINITY },
    { startedAtMs: "0" },
    { startedAtMs: undefined },
    { kind: "window" },
    { kind: undefined },
    { pausedUntilMs: 0.5 },
  ])("refuses %j, and shows the state and the capacity", (changes) => {
    const state = { ...good, ...changes } as unknown as TokenBucketState;
    expect(() => TokenBucket.from(policy, state)).toThrow(
      new RangeError(`Cannot restore a bucket from ${JSON.stringify(state)}: capacity is 5`),
    );
  });
});
