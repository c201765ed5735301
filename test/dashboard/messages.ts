/** Snapshots and messages of a feed, for tests of what the page makes of them. */
import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";
import type { WatchEvent, WatchMessage } from "../../src/protocol/watch-feed.ts";

import { Policy, type PolicyFields } from "../../src/core/policy.ts";

const DAY_MS = 86_400_000;

export const ONE_A_SECOND = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };

/** A bucket that has started, as it is at the beginning of its grid: if it is a calendar, of a day. */
export function snapshotOf(
  policy: PolicyFields,
  state: Partial<Omit<BucketSnapshot, "policy">> = {},
): BucketSnapshot {
  return {
    bucket: "a",
    policy: { name: "*", ...Policy.of(policy).toJSON() },
    tokens: 0,
    waiters: 0,
    queuedTokens: 0,
    nextTickAtMs: policy.refillIntervalMs ?? DAY_MS,
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
