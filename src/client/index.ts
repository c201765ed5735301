/** Entry point of the package: `sluice/client`. */
export type { ClientChoice } from "./middleware/client-choice.ts";
export type { LimitGrant } from "../core/limits/cost.ts";
export type { SettledHold } from "../core/holds/hold-call.ts";
export type {
  HoldOutcome,
  HoldRefused,
  PermitOutcome,
  SettleOutcome,
} from "../core/holds/hold-outcome.ts";
export type { GrantedHold, GrantedPermit } from "../core/outcome.ts";
export type { PauseFields } from "../core/pause.ts";
export type {
  Duration,
  WindowLimitText,
  WrittenChanges as PolicyChanges,
  WrittenLimit as LimitFields,
} from "../core/written-policy.ts";
export type { WorkDone, WorkHold, WorkPermit } from "../holding/held-work.ts";
export type { UsedTokens } from "../holding/used-tokens.ts";
export type { BucketSnapshot, LimitSnapshot } from "../protocol/bucket-snapshot.ts";
export type { RefusalReason } from "../protocol/reasons.ts";
export type { AcquireOutcome, Granted, Refused } from "./acquire-outcome.ts";
export type {
  AcquireOptions,
  Client,
  ClientOptions,
  ClosableClient,
  OnUnavailable,
  QueuedPlace,
  TryAcquireOptions,
} from "./client.ts";
export type {
  BucketVerbs,
  CallOptions,
  DropOverrideOptions,
  ListBucketsOptions,
  ListOptions,
  OverrideOptions,
} from "./bucket-verbs.ts";
export type { BucketHistory, HistoryPoint } from "../protocol/bucket-history.ts";
export type { BusyBucket, BusyBuckets, BusySort } from "../protocol/busy-bucket.ts";
export type { DryRun, QueuedWaiter, QueuedWaiters } from "../protocol/queued-waiter.ts";
export type { HeldCallOptions, HoldVerbs } from "./holds/hold-verbs.ts";
export type { EstimateOptions } from "./holds/llm-tokens.ts";
export type { WorkOptions } from "./holds/with-hold.ts";
export type { RateLimitState } from "../protocol/rate-limit-fields.ts";
export type { RateLimitOptions } from "./middleware/limit-request.ts";
export type { PacedFetchOptions } from "./paced-fetch/paced-fetch.ts";
export type { Fetch } from "./paced-fetch/paced-request.ts";
export type { SluiceErrorReason } from "./sluice-error.ts";
export type { UpstreamAdvice, UpstreamAnswer } from "./paced-fetch/upstream-advice.ts";
export type { ClientSocket, ClientSocketClass } from "./transport/live-socket.ts";
export type { WatchCallOptions, WatchOptions } from "./watch/watch.ts";
export type { Handler, HandlerCall, LimitedHandler } from "./middleware/with-rate-limit.ts";

export { addressKey } from "./middleware/address-key.ts";
export { bucketName } from "./middleware/bucket-name.ts";
export { createClient } from "./client.ts";
export { PermitLostError } from "../holding/permit-lost-error.ts";
export { estimateLlmTokens, usedLlmTokens } from "./holds/llm-tokens.ts";
export { withHold, withPermit } from "./holds/with-hold.ts";
export { createPacedFetch } from "./paced-fetch/paced-fetch.ts";
export { refusalResponse } from "./middleware/refusal-response.ts";
export { SluiceError } from "./sluice-error.ts";
export { SluiceRefusedError } from "./sluice-refused-error.ts";
export { readUpstreamAdvice } from "./paced-fetch/upstream-advice.ts";
export { watchBucket } from "./watch/watch.ts";
export { withRateLimit } from "./middleware/with-rate-limit.ts";
