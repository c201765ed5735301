/** A bucket in memory: its limiter, the policy's name, and the two views of both that answers need. */
import type { BucketState } from "../answers/acquire-answer.ts";
import type {
  BucketSnapshot,
  LimitSnapshot,
  NamedPolicyFields,
} from "../protocol/bucket-snapshot.ts";
import type { Caller } from "./caller.ts";
import type { BucketPlatform, OverrideNote } from "./platform.ts";

import { Limiter } from "../core/limiter.ts";
import { Policy } from "../core/policy.ts";
import { overrideView } from "./override.ts";

/** A bucket in memory. */
export interface OpenBucket {
  readonly name: string;
  readonly limiter: Limiter<Caller>;
  /** What the policy was last compared with; `undefined` before that. */
  configured: NamedPolicyFields | undefined;
  policyName: string;
  /** Whether the policy is the bucket's own override, which the configuration doesn't touch. */
  isOverridden: boolean;
  /** What is known of the override; `undefined` without one. Replaced as a whole. */
  override: OverrideNote | undefined;
}

/**
 * A bucket that has never been used, or was reset, under its configured policy.
 *
 * @param lastFence See `LimiterOptions`.
 */
export function newBucket(
  name: string,
  { name: policyName, ...fields }: NamedPolicyFields,
  { timeZones, newId }: Pick<BucketPlatform, "timeZones" | "newId">,
  lastFence = 0,
): OpenBucket {
  const options = { newId, lastFence, sessionOf };
  const limiter = new Limiter<Caller>(Policy.of(fields, timeZones), options);
  const configured = undefined;
  return { name, limiter, configured, policyName, isOverridden: false, override: undefined };
}

/** See `LimiterOptions`. */
export function sessionOf({ sessionId }: Caller): string | undefined {
  return sessionId;
}

/** The bucket as an acquire's answer describes it. */
export function stateOf({ name, policyName, limiter }: OpenBucket, nowMs: number): BucketState {
  return { name, policyName, policy: limiter.policy, view: limiter.inspect(nowMs), nowMs };
}

/**
 * The bucket as `GET /buckets/…` describes it.
 *
 * @param sessions Open sessions.
 */
export function snapshotOf(bucket: OpenBucket, nowMs: number, sessions = 0): BucketSnapshot {
  const { name, policyName, limiter } = bucket;
  const fields = limiter.policy.toJSON();
  const { limits: views, ...state } = limiter.inspect(nowMs);
  const override = overrideView(bucket);
  const view = { ...state, ...(override && { override }), ...(sessions > 0 && { sessions }) };
  const policy = { name: policyName, ...fields };
  if (!views) return { bucket: name, policy, ...view };
  const limits: Record<string, LimitSnapshot> = {};
  for (const [limitName, limit] of Object.entries(fields.limits ?? {})) {
    const limitView = views[limitName];
    if (limitView) limits[limitName] = { ...limit, ...limitView };
  }
  return { bucket: name, policy, ...view, limits };
}
