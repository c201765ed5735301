import { describe, expect, it } from "vitest";

import type { LimiterState } from "../../src/core/limiter-state.ts";
import type { BucketRecord } from "../../src/bucket/platform.ts";

import { recordOf, restore } from "../../src/bucket/bucket-record.ts";
import { Caller } from "../../src/bucket/caller.ts";
import { newBucket, snapshotOf, type OpenBucket } from "../../src/bucket/open-bucket.ts";
import { Policy } from "../../src/core/policy.ts";
import { MemoryPlatform } from "../../kit/edge/memory-platform.ts";

const START_MS = 1_795_425_904_000;
const fields = { capacity: 3, refillTokens: 1, refillIntervalMs: 1_000 };
const platform = new MemoryPlatform();
const policy = { name: "*", ...Policy.of(fields).toJSON() };

/** A bucket after one grant at `START_MS`, and its state at `nowMs`. */
function granted(nowMs: number, pausedUntilMs?: number): [OpenBucket, LimiterState] {
  const bucket = newBucket("x", policy, platform);
  const { limiter } = bucket;
  const caller = new Caller({ bucket: "x", policy, tokens: 1 }, 0, { answered: () => undefined });
  limiter.acquire({ caller, tokens: 1, timeoutMs: 0 }, START_MS);
  if (pausedUntilMs !== undefined) limiter.pause({ untilMs: pausedUntilMs, tokens: 3 }, nowMs);
  limiter.advance(nowMs);
  return [bucket, limiter.toJSON()];
}

function recorded(nowMs: number, pausedUntilMs?: number): BucketRecord {
  return recordOf(...granted(nowMs, pausedUntilMs), 1);
}

describe("bucket record", () => {
  it("comes back from JSON as the bucket that was written", () => {
    const [bucket, state] = granted(START_MS);
    bucket.isOverridden = true;
    const restored = restore(JSON.parse(JSON.stringify(recordOf(bucket, state, 1))), [], platform);
    expect(restored).toMatchObject({ name: "x", policyName: "*", isOverridden: true });
    expect(snapshotOf(restored, START_MS + 10)).toEqual(snapshotOf(bucket, START_MS + 10));
  });

  it("keeps what is known of an override", () => {
    const [bucket, state] = granted(START_MS);
    bucket.isOverridden = true;
    bucket.override = { atMs: START_MS, note: "launch day", previous: Policy.of(fields).toJSON() };
    const restored = restore(JSON.parse(JSON.stringify(recordOf(bucket, state, 1))), [], platform);
    expect(restored.override).toEqual(bucket.override);
    expect(recorded(START_MS)).not.toHaveProperty("override");
    expect(restore(recorded(START_MS), [], platform).override).toBeUndefined();
  });

  it("keeps forgetAfterMs beside the policy, where versions from before don't look", () => {
    const [bucket] = granted(START_MS);
    bucket.limiter.setPolicy(Policy.of({ ...fields, forgetAfterMs: 60_000 }), START_MS);
    const record = recordOf(bucket, bucket.limiter.toJSON(), 1);
    expect(record).toMatchObject({ format: 4, forgetAfterMs: 60_000 });
    expect(record.policy).toEqual(Policy.of(fields).toJSON());
    const restored = restore(JSON.parse(JSON.stringify(record)), [], platform);
    expect(restored.limiter.policy.forgetAfterMs).toBe(60_000);
    expect(snapshotOf(restored, START_MS)).toEqual(snapshotOf(bucket, START_MS));
    expect(recorded(START_MS)).not.toHaveProperty("forgetAfterMs");
  });

  it("is restored alike with and without forgetAtMs in its limiter", () => {
    const record = recorded(START_MS);
    const limiter = { ...record.limiter, forgetAtMs: START_MS + 60_000 };
    const restored = restore({ ...record, limiter }, [], platform);
    expect(restored.limiter.toJSON()).toEqual(restore(record, [], platform).limiter.toJSON());
  });

  it.each([1, 2, 3, 4])("of format %i is read", (format) => {
    expect(restore({ ...recorded(START_MS), format }, [], platform).name).toBe("x");
  });

  it.each([0, 7])(
    "of format %i is refused, and the message lists those that are read",
    (format) => {
      const message = `Cannot read a state of format ${format}: this version reads formats 1, 2, 3, 4, 5, 6`;
      expect(() => restore({ ...recorded(START_MS), format }, [], platform)).toThrow(
        new RangeError(message),
      );
    },
  );

  it("with an illegal policy is refused", () => {
    const record = { ...recorded(START_MS), policy: { ...policy, capacity: -1 } };
    expect(() => restore(record, [], platform)).toThrow("capacity must be an integer");
  });

  it("shows the last tick that had passed, and during a pause the start", () => {
    const passed = (...when: Parameters<typeof recorded>): number | undefined => {
      return restore(recorded(...when), [], platform).limiter.passedAtMs;
    };
    expect(passed(START_MS)).toBe(START_MS);
    expect(passed(START_MS + 1_999)).toBe(START_MS + 1_000);
    expect(passed(START_MS + 1_999, START_MS + 60_000)).toBe(START_MS);
  });

  it("of a bucket that has not started says no instant", () => {
    const bucket = newBucket("x", policy, platform);
    const restored = restore(recordOf(bucket, bucket.limiter.toJSON(), 1), [], platform);
    expect(restored.limiter.passedAtMs).toBeUndefined();
  });

  it("holds one token bucket in format 4, which the version before this one reads", () => {
    const { format, limiter } = recorded(START_MS + 1_000);
    expect(format).toBe(4);
    expect(limiter).toEqual({
      bucket: { startedAtMs: START_MS, tick: 1, tokens: 1 },
      granted: 1,
      refused: 0,
      cancelled: 0,
      tally: { grantedTokens: 1, refused: {}, waits: [1], waitedMs: 0 },
    });
  });

  it("holds other limits in format 5", () => {
    const [bucket, state] = granted(START_MS);
    const [limit] = state.limits ?? [];
    if (!limit) throw new Error("The bucket hasn't started");
    const two = { ...state, limits: [limit, limit] };
    expect(recordOf(bucket, two, 1)).toMatchObject({ format: 5, limiter: two });
    const other = { ...state, limits: [{ kind: "other" }] };
    expect(recordOf(bucket, other, 1)).toMatchObject({ format: 5, limiter: other });
  });

  it("in format 5 is read", () => {
    const [bucket, state] = granted(START_MS);
    const record: BucketRecord = { ...recordOf(bucket, state, 1), format: 5, limiter: state };
    const restored = restore(JSON.parse(JSON.stringify(record)), [], platform);
    expect(snapshotOf(restored, START_MS + 10)).toEqual(snapshotOf(bucket, START_MS + 10));
  });
});
