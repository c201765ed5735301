/** Policies whose first limit is a token bucket, which is all that most tests and benchmarks are about. */
import type { TokenBucketInput } from "../../src/core/limits/kinds.ts";
import type { TokenBucketFields } from "../../src/core/limits/token-bucket-fields.ts";
import type { CompletePolicyFields, Policy, PolicyOptions } from "../../src/core/policy.ts";

/** Such a policy as a person writes it. */
export type BucketPolicyFields = TokenBucketInput & PolicyOptions;

/** The token bucket that is a policy's first limit. @throws {TypeError} If that is a calendar. */
export function bucketFieldsOf(policy: Policy | CompletePolicyFields): TokenBucketFields {
  const fields: CompletePolicyFields = "toJSON" in policy ? policy.toJSON() : policy;
  const { capacity, refillTokens, refillIntervalMs, initialTokens } = fields;
  if (refillTokens === undefined || refillIntervalMs === undefined) {
    throw new TypeError("The first limit is a calendar");
  }
  return { capacity, refillTokens, refillIntervalMs, initialTokens };
}
