import { describe, expect, it } from "vitest";

import { newBucket, snapshotOf, stateOf } from "../../src/bucket/open-bucket.ts";
import { Policy } from "../../src/core/policy.ts";
import { MemoryPlatform } from "../../kit/edge/memory-platform.ts";

const NOW_MS = 1_795_425_904_000;
const fields = Policy.of({ capacity: 5, refillTokens: 1, refillIntervalMs: 100, initialTokens: 2 });

describe("open bucket", () => {
  const bucket = newBucket("api:ann", { name: "api:*", ...fields.toJSON() }, new MemoryPlatform());

  it("is new, under the configured policy", () => {
    expect(bucket).toMatchObject({ name: "api:ann", policyName: "api:*", isOverridden: false });
    expect(bucket.limiter.policy.equals(fields.toJSON())).toBe(true);
  });

  it("has a snapshot with the policy's name and numbers, and the limiter's view", () => {
    expect(snapshotOf(bucket, NOW_MS)).toMatchObject({
      bucket: "api:ann",
      policy: { name: "api:*", capacity: 5 },
      tokens: 2,
      waiters: 0,
      granted: 0,
    });
  });

  it("has its sessions in the snapshot, if there are any", () => {
    expect(snapshotOf(bucket, NOW_MS, 2)).toMatchObject({ sessions: 2 });
    expect(snapshotOf(bucket, NOW_MS, 0)).toEqual(snapshotOf(bucket, NOW_MS));
    expect(snapshotOf(bucket, NOW_MS)).not.toHaveProperty("sessions");
  });

  it("has a state for answers, with the same view at the same instant", () => {
    const { bucket: name, policy, ...view } = snapshotOf(bucket, NOW_MS);
    expect(stateOf(bucket, NOW_MS)).toEqual({
      name,
      policyName: policy.name,
      policy: bucket.limiter.policy,
      view,
      nowMs: NOW_MS,
    });
  });
});
