/** A bucket as HTTP, RPC, clients and pages show it. */
import type { LimiterView } from "../core/limiter-state.ts";
import type { CompletePolicyFields } from "../core/policy.ts";

/** A policy together with the pattern it is configured under. */
export interface NamedPolicyFields extends CompletePolicyFields {
  readonly name: string;
}

/** Body of `GET` and `PUT /buckets/NAME`. */
export interface BucketSnapshot extends LimiterView {
  readonly bucket: string;
  readonly policy: NamedPolicyFields;
}
