import { describe, expect, it } from "vitest";

import { newBucket } from "../../src/bucket/open-bucket.ts";
import { noteOf, overrideView, previousPolicy } from "../../src/bucket/override.ts";
import { Policy } from "../../src/core/policy.ts";
import { timeZones } from "../../src/time-zones.ts";

const NOW_MS = 1_795_425_904_000;
const oneASecond = Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 });
const twoASecond = Policy.of({ capacity: 2, refillTokens: 2, refillIntervalMs: 1_000 });

/** A bucket under `policy`, which is the configured one or an override. */
function bucketUnder(policy: Policy, isOverridden: boolean) {
  const configured = { name: "*", ...policy.toJSON() };
  const bucket = newBucket("x", configured, { timeZones, newId: () => "id" });
  bucket.isOverridden = isOverridden;
  return bucket;
}

describe("noteOf", () => {
  it("of the first override has nothing before it", () => {
    const bucket = bucketUnder(oneASecond, false);
    expect(noteOf(bucket, twoASecond, NOW_MS, "why")).toEqual({ atMs: NOW_MS, note: "why" });
    expect(noteOf(bucket, twoASecond, NOW_MS, undefined)).toEqual({ atMs: NOW_MS });
  });

  it("of a second one has the first before it", () => {
    const bucket = bucketUnder(oneASecond, true);
    const note = noteOf(bucket, twoASecond, NOW_MS, undefined);
    expect(note).toEqual({ atMs: NOW_MS, previous: oneASecond.toJSON() });
    expect(previousPolicy({ ...bucket, override: note }, timeZones)?.equals(oneASecond)).toBe(true);
  });

  it("of the same once more keeps what was before it", () => {
    const bucket = bucketUnder(twoASecond, true);
    const override = { atMs: 1, note: "first", previous: oneASecond.toJSON() };
    const again = noteOf({ ...bucket, override }, twoASecond, NOW_MS, "second");
    expect(again).toEqual({ atMs: NOW_MS, note: "second", previous: oneASecond.toJSON() });
    expect(noteOf(bucket, twoASecond, NOW_MS, undefined)).toEqual({ atMs: NOW_MS });
  });
});

describe("previousPolicy", () => {
  it("is none without an override, without one before it, and if that one is illegal now", () => {
    const bucket = bucketUnder(oneASecond, true);
    expect(previousPolicy(bucket, timeZones)).toBeUndefined();
    expect(previousPolicy({ ...bucket, override: { atMs: 1 } }, timeZones)).toBeUndefined();
    const previous = { ...oneASecond.toJSON(), capacity: 0 };
    expect(
      previousPolicy({ ...bucket, override: { atMs: 1, previous } }, timeZones),
    ).toBeUndefined();
  });
});

describe("overrideView", () => {
  it("is nothing without an override, and empty if nothing is known of it", () => {
    const bucket = bucketUnder(oneASecond, false);
    expect(overrideView(bucket)).toBeUndefined();
    expect(overrideView({ ...bucket, isOverridden: true })).toEqual({});
  });

  it("shows what is known, and that there is one before it", () => {
    const override = { atMs: NOW_MS, note: "why", previous: twoASecond.toJSON() };
    expect(overrideView({ ...bucketUnder(oneASecond, true), override })).toEqual({
      atMs: NOW_MS,
      note: "why",
      hasPrevious: true,
    });
  });
});
