import { expect, test } from "vitest";

import { completeFields } from "../../../src/core/fields.ts";
import {
  tokenBucketFields,
  tokenBucketWords,
} from "../../../src/core/limits/token-bucket-fields.ts";

const rate = { capacity: 10, refillTokens: 5, refillIntervalMs: 1_000 };

test.each([
  ["capacity", 1, 1_000_000_000],
  ["refillTokens", 1, 1_000_000_000],
  ["refillIntervalMs", 10, 86_400_000],
  ["initialTokens", 0, 1_000_000_000],
] as const)("%s is from %d to %d", (name, min, max) => {
  expect(tokenBucketFields[name]).toMatchObject({ min, max });
});

test("initialTokens are as if the first tick fell on the start", () => {
  expect(completeFields(tokenBucketFields, rate)).toEqual({ ...rate, initialTokens: 5 });
});

test("each field has words, and its unit is in its name if it is a time", () => {
  for (const [name, { unit, description }] of Object.entries(tokenBucketWords)) {
    expect(description).toMatch(/^[A-Z].*[^.]$/);
    expect(name.endsWith("Ms")).toBe(unit === "milliseconds");
  }
});
