/** Snapshots and messages of a feed, for tests of what the page makes of them. */
import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";
import type { WatchEvent, WatchMessage } from "../../src/protocol/watch-feed.ts";

import { Policy } from "../../src/core/policy.ts";
import type { BucketPolicyFields } from "../../kit/model/bucket-policy.ts";

export const ONE_A_SECOND = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };

/** A bucket that has started, as it is at the beginning of its grid. */
export function snapshotOf(
  policy: BucketPolicyFields,
  state: Partial<Omit<BucketSnapshot, "policy">> = {},
): BucketSnapshot {
  return {
    bucket: "a",
    policy: { name: "*", ...Policy.of(policy).toJSON() },
    tokens: 0,
    waiters: 0,
    queuedTokens: 0,
    nextTickAtMs: policy.refillIntervalMs,
    granted: 1,
    refused: 0,
    cancelled: 0,
    ...state,
  };
}

export function messageOf(
  atMs: number,
  snapshot: BucketSnapshot,
  events: readonly WatchEvent[] = [],
): WatchMessage {
  return { atMs, snapshot, events };
}
