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

/** Body of `GET` and `PUT /buckets/NAME`. */
export interface BucketSnapshot extends Omit<LimiterView, "limits"> {
  readonly bucket: string;
  readonly policy: NamedPolicyFields;
  /** The limits besides the first, by name; absent if there are none. */
  readonly limits?: Readonly<Record<string, LimitSnapshot>>;
  /** Open sessions, whether or not callers wait on them; absent if there are none. */
  readonly sessions?: number;
}
