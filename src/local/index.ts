/** The package's entry `sluice`: the limiter inside one process, and the words of all the others. */
export type { LimiterView } from "../core/limiter.ts";
export type { Grant, LimiterReason, Outcome } from "../core/outcome.ts";
export type { FieldFault, LeaseTerms, PolicyFields } from "../core/policy.ts";
export type { BucketSnapshot, GrantBody, ProblemBody, Reason } from "../protocol/messages.ts";
export type {
  FilterOptions,
  GetTokenOptions,
  PauseOptions,
  TokenBucketFilter,
} from "./token-bucket-filter.ts";

export { createTokenBucketFilter } from "./token-bucket-filter.ts";
