/**
 * The package's main entry, `sluice`: the limiter inside one process, and the types that all entries
 * share.
 */
export type { LimiterView } from "../core/limiter-state.ts";
export type { SettledHold } from "../core/holds/hold-call.ts";
export type { HoldOutcome, HoldRefused, PermitOutcome, SettleOutcome, } from "../core/holds/hold-outcome.ts";
export type { Grant, GrantedHold, GrantedPermit, LimiterReason, Outcome } from "../core/outcome.ts";
export type { PauseFields as PauseOptions } from "../core/pause.ts";
export type { FieldFault } from "../core/values.ts";
export type { Duration, WrittenChanges as PolicyChanges, WrittenConcurrency as ConcurrencyTerms, WrittenHold as HoldTerms, WrittenLease as LeaseTerms, WrittenLimit as LimitFields, WrittenPolicy as PolicyFields, } from "../core/written-policy.ts";
export type { WorkDone, WorkHold, WorkPermit } from "../holding/held-work.ts";
export type { UsedTokens } from "../holding/used-tokens.ts";
export type { GrantBody } from "../protocol/acquire-bodies.ts";
export type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
export type { ProblemBody } from "../protocol/problem-document.ts";
export type { Reason } from "../protocol/reasons.ts";
export type { FilterHolds } from "./filter-holds.ts";
export type { FilterOptions, GetTokenOptions, TokenBucketFilter } from "./token-bucket-filter.ts";
export { createTokenBucketFilter } from "./token-bucket-filter.ts";
export { PermitLostError } from "../holding/permit-lost-error.ts";
export { withHold, withPermit } from "./with-hold.ts";
