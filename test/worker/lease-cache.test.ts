/** Which buckets an isolate holds leases of; the objects are played by the test. */
import { describe, expect, it } from "vitest";

import type { BucketObject } from "../../src/bucket/bucket-object.ts";

import { Policy } from "../../src/core/policy.ts";
import { leasedBucket } from "../../src/worker/lease-cache.ts";

const lease = { maxTokens: 100, ttlMs: 100 };
const fields = { capacity: 1_000, refillTokens: 1, refillIntervalMs: 1_000 };
const leased = { name: "*", ...Policy.of({ ...fields, lease }).toJSON() };
const unleased = { name: "*", ...Policy.of(fields).toJSON() };

function objects(): DurableObjectNamespace<BucketObject> {
  return {} as DurableObjectNamespace<BucketObject>;
}

describe("leasedBucket", () => {
  it("is undefined if the policy allows no lease", () => {
    expect(leasedBucket(objects(), "a", unleased)).toBeUndefined();
  });

  it("is the same one each time a bucket is asked for by its name", () => {
    const namespace = objects();
    const bucket = leasedBucket(namespace, "a", leased);
    expect(bucket).toBeDefined();
    expect(leasedBucket(namespace, "a", leased)).toBe(bucket);
    expect(leasedBucket(namespace, "b", leased)).not.toBe(bucket);
  });

  it("keeps the buckets of one namespace from those of another", () => {
    expect(leasedBucket(objects(), "a", leased)).not.toBe(leasedBucket(objects(), "a", leased));
  });

  it("forgets the first of more than 10,000 buckets", () => {
    const namespace = objects();
    const first = leasedBucket(namespace, "0", leased);
    const second = leasedBucket(namespace, "1", leased);
    for (let index = 2; index <= 10_000; index += 1) leasedBucket(namespace, `${index}`, leased);
    expect(leasedBucket(namespace, "1", leased)).toBe(second);
    expect(leasedBucket(namespace, "0", leased)).not.toBe(first);
  });
});
