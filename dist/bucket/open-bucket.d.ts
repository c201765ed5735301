/** A bucket in memory: its limiter, the policy's name, and the two views of both that answers need. */
import type { BucketState } from "../answers/acquire-answer.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { Caller } from "./caller.ts";
import type { BucketPlatform, OverrideNote } from "./platform.ts";
import { Limiter } from "../core/limiter.ts";
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
export declare function newBucket(name: string, { name: policyName, ...fields }: NamedPolicyFields, { timeZones, newId }: Pick<BucketPlatform, "timeZones" | "newId">, lastFence?: number): OpenBucket;
/** See `LimiterOptions`. */
export declare function sessionOf({ sessionId }: Caller): string | undefined;
/** The bucket as an acquire's answer describes it. */
export declare function stateOf({ name, policyName, limiter }: OpenBucket, nowMs: number): BucketState;
/**
 * The bucket as `GET /buckets/…` describes it.
 *
 * @param sessions Open sessions.
 */
export declare function snapshotOf(bucket: OpenBucket, nowMs: number, sessions?: number): BucketSnapshot;
