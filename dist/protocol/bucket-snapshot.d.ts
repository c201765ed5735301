/** A bucket as HTTP, RPC, clients and pages show it. */
import type { LimiterView, LimitView } from "../core/limiter-state.ts";
import type { CompleteLimitFields } from "../core/limits/kinds.ts";
import type { CompletePolicyFields } from "../core/policy.ts";
/** A policy together with the pattern it is configured under. */
export type NamedPolicyFields = CompletePolicyFields & {
    readonly name: string;
};
/** A further limit of a bucket: what its policy says of it, and its state. */
export type LimitSnapshot = CompleteLimitFields & LimitView;
/** What is known of an override. */
export interface OverrideView {
    /** When it was set, epoch milliseconds; absent if it was set by a version that didn't keep that. */
    readonly atMs?: number;
    /** Why, in the operator's words. */
    readonly note?: string;
    /** Present, and true, if another override was in force before it, which can be put back. */
    readonly hasPrevious?: true;
}
/** Body of `GET` and `PUT /buckets/NAME`. */
export interface BucketSnapshot extends Omit<LimiterView, "limits"> {
    readonly bucket: string;
    readonly policy: NamedPolicyFields;
    /** The limits besides the first, by name; absent if there are none. */
    readonly limits?: Readonly<Record<string, LimitSnapshot>>;
    /** Present if the policy is the bucket's own, and not the configured one. */
    readonly override?: OverrideView;
    /** Open sessions, whether or not callers wait on them; absent if there are none. */
    readonly sessions?: number;
}
