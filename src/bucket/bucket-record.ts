/**
 * A bucket on disk: the formats that are written, and those that are still read.
 *
 * Format 5 holds any number of limits of any kind. Format 4, the one before it, holds one token bucket.
 * Nearly all buckets are just that, and they are still written in format 4: the version before this one
 * can read them, so it can be rolled back to. A bucket is written in format 5 only if format 4 can't hold it.
 */
import type { LimiterState } from "../core/limiter-state.ts";
import type { LimitState } from "../core/limits/limit.ts";
import type { TimeZones } from "../core/limits/time-zones.ts";
import type { TokenBucketState } from "../core/limits/bucket-state.ts";
import type { Caller } from "./caller.ts";
import type { OpenBucket } from "./open-bucket.ts";
import type { BucketRecord, StoredLimiter } from "./platform.ts";

import { Limiter } from "../core/limiter.ts";
import { isTokenBucketState } from "../core/limits/bucket-state.ts";
import { tokenBucket } from "../core/limits/token-bucket.ts";
import { Policy } from "../core/policy.ts";

/** The format of one token bucket. Later versions must still read it. */
const FORMAT_OF_ONE = 4;
/** The format of anything else. Later versions must still read it. */
const FORMAT = 5;
/** Format 3 is format 4 without a pause, 2 without leases, and 1 with tokens never below 0. */
const READABLE_FORMATS = [1, 2, 3, FORMAT_OF_ONE, FORMAT];

/** What is written for `bucket` when its limiter is to be kept as `state`. */
export function recordOf(
  { name, policyName, isOverridden, limiter: { policy } }: OpenBucket,
  state: LimiterState,
): BucketRecord {
  const limiter = isOfOneBucket(policy) ? asOne(state) : undefined;
  const format = limiter ? FORMAT_OF_ONE : FORMAT;
  const bucket = { name, policyName, policy: policy.toJSON(), isOverridden };
  return { format, ...bucket, limiter: limiter ?? state };
}

/**
 * The bucket that was written as `record`.
 *
 * @throws {RangeError} If the format is unknown, or the policy or state is illegal.
 */
export function restore(record: BucketRecord, zones: TimeZones): OpenBucket {
  if (!READABLE_FORMATS.includes(record.format)) {
    const readable = READABLE_FORMATS.join(", ");
    throw new RangeError(
      `Cannot read a state of format ${record.format}: this version reads formats ${readable}`,
    );
  }
  const { bucket, ...state } = record.limiter;
  const limits: readonly LimitState[] | undefined = bucket && [{ ...bucket, kind: "bucket" }];
  const policy = Policy.of(record.policy, zones);
  const limiter = Limiter.from<Caller>(policy, { ...(limits && { limits }), ...state });
  const { name, policyName, isOverridden } = record;
  return { name, limiter, configured: undefined, policyName, isOverridden };
}

/** Whether format 4 holds such a policy; a bucket that hasn't started has nothing else. */
function isOfOneBucket({ limits }: Policy): boolean {
  return limits.length === 1 && limits[0]?.kind === tokenBucket;
}

/** The state as format 4 holds it; `undefined` if it can't. */
function asOne({ limits = [], ...counts }: LimiterState): StoredLimiter | undefined {
  const [first, ...others] = limits;
  if (!first) return counts;
  if (others.length > 0 || !isTokenBucketState(first)) return undefined;
  const { kind: _, ...bucket }: TokenBucketState = first;
  return { bucket, ...counts };
}
