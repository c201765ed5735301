import { expect, test } from "vitest";

import { fixedWindow } from "../../../kit/model/fixed-window.ts";
import { bucketOf } from "../../../kit/model/limiters.ts";
import { FurtherLimits } from "../../../src/core/limits/further-limits.ts";
import { tokenBucket } from "../../../src/core/limits/token-bucket.ts";

/** A window of 2 that begins every 1,000 ms, and a bucket of 5 with a token every 100 ms; both are full. */
function further(): FurtherLimits {
  const bucket = bucketOf({ capacity: 5, refillIntervalMs: 100, initialTokens: 5 });
  return new FurtherLimits([
    fixedWindow.start({ capacity: 2, windowMs: 1_000 }, 0),
    tokenBucket.start(bucket, 0),
  ]);
}

function tokensOf({ all }: FurtherLimits): number[] {
  return all.map(({ tokens }) => tokens);
}

test("FurtherLimits are the second one of a cost and those behind it", () => {
  const limits = further();
  expect([limits.fits([9, 2, 5]), limits.fits([0, 3, 0]), limits.fits([0, 0, 6])]).toEqual([
    true,
    false,
    false,
  ]);
  limits.take([9, 1, 4]);
  expect(tokensOf(limits)).toEqual([1, 1]);
  expect([limits.has([9, 1, 1]), limits.has([0, 2, 0]), limits.has([0, 0, 2])]).toEqual([
    true,
    false,
    false,
  ]);
  limits.take(1);
  expect(tokensOf(limits)).toEqual([0, 0]);
});

test("FurtherLimits.msUntil is until the last of them, the first limit included, has its part", () => {
  const limits = further();
  limits.take([0, 2, 5]);
  expect(limits.msUntil([1, 0, 3], 100, 50)).toBe(200);
  expect(limits.msUntil([1, 1, 3], 100, 50)).toBe(900);
  expect(limits.msUntil([1, 0, 3], 100, 250)).toBe(250);
});

test("FurtherLimits.latestOf is the latest instant that counts", () => {
  const limits = further();
  limits.advance(1_250);
  expect([limits.latestOf(1_100), limits.latestOf(1_249)]).toEqual([1_200, 1_249]);
});

test("FurtherLimits.grantsOf has what was taken of each and what is left, by name", () => {
  const limits = further();
  limits.take([1, 2, 3]);
  const names = ["rate", "tpm", "daily"];
  expect(limits.grantsOf([1, 2, 3], names)).toEqual({
    tpm: { tokens: 2, remaining: 0 },
    daily: { tokens: 3, remaining: 2 },
  });
});

test("FurtherLimits.copy shares nothing", () => {
  const limits = further();
  limits.copy().take(2);
  expect(tokensOf(limits)).toEqual([2, 5]);
});
