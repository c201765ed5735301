import { expect, it } from "vitest";

import { knownOverride } from "../../src/bucket/known-override.ts";
import { newBucket } from "../../src/bucket/open-bucket.ts";
import { Policy } from "../../src/core/policy.ts";
import { MemoryPlatform } from "../../kit/edge/memory-platform.ts";

const fields = Policy.of({ capacity: 5, refillTokens: 1, refillIntervalMs: 1_000 }).toJSON();

it("knownOverride shows what is kept of an override, and that there is one before it", () => {
  const bucket = newBucket("x", { name: "*", ...fields }, new MemoryPlatform());
  expect(knownOverride(bucket)).toBeUndefined();
  bucket.isOverridden = true;
  expect(knownOverride(bucket)).toEqual({ bucket: "x", policy: fields, hasPrevious: false });
  bucket.override = { atMs: 7, note: "for the launch", previous: fields };
  expect(knownOverride(bucket)).toEqual({
    bucket: "x",
    policy: fields,
    atMs: 7,
    note: "for the launch",
    hasPrevious: true,
  });
});
