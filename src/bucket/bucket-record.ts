/** A bucket on disk: the format that is written, and the formats that are still read. */
import type { LimiterState } from "../core/limiter.ts";
import type { Caller } from "./caller.ts";
import type { OpenBucket } from "./open-bucket.ts";
import type { BucketRecord } from "./platform.ts";

import { Limiter } from "../core/limiter.ts";
import { Policy } from "../core/policy.ts";

/** The format that is written. Later formats must still read it. */
const FORMAT = 4;
/** Format 3 is the same without a pause, 2 without leases, and 1 with tokens never below 0. */
const READABLE_FORMATS = [1, 2, 3, FORMAT];

/** What is written for `bucket` when its limiter is to be kept as `state`. */
export function recordOf(
  { name, policyName, isOverridden, limiter: { policy } }: OpenBucket,
  state: LimiterState,
): BucketRecord {
  return {
    format: FORMAT,
    name,
    policyName,
    policy: policy.toJSON(),
    isOverridden,
    limiter: state,
  };
}

/**
 * The bucket that was written as `record`.
 *
 * @throws {RangeError} If the format is unknown, or the policy or state is illegal.
 */
export function restore(record: BucketRecord): OpenBucket {
  if (!READABLE_FORMATS.includes(record.format)) {
    const readable = READABLE_FORMATS.join(", ");
    throw new RangeError(
      `Cannot read a state of format ${record.format}: this version reads formats ${readable}`,
    );
  }
  const limiter = Limiter.from<Caller>(Policy.of(record.policy), record.limiter);
  const { name, policyName, isOverridden } = record;
  return { name, policyName, isOverridden, limiter };
}

/**
 * The last tick that had passed when `record` was written, epoch milliseconds; 0 if none is known. During
 * a pause the ticks run ahead of the clock, so then it is the bucket's start.
 */
export function lastInstantOf({ policy, limiter: { bucket } }: BucketRecord): number {
  if (!bucket) return 0;
  const { startedAtMs, tick, pausedUntilMs } = bucket;
  return startedAtMs + (pausedUntilMs === undefined ? tick * policy.refillIntervalMs : 0);
}
