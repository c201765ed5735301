/** The package's entry `sluice/client`. */
export type { ClientChoice } from "./client-choice.ts";
export type { AcquireOutcome, Granted, RefusalReason, Refused } from "./acquire-outcome.ts";
export type {
  AcquireOptions,
  CallOptions,
  Client,
  ClientOptions,
  OnUnavailable,
  PauseFields,
  QueuedPlace,
} from "./client.ts";
export type { RateLimitState } from "./rate-limit-state.ts";
export type { RateLimitOptions } from "./limit-request.ts";
export type { PacedFetchOptions } from "./paced-fetch.ts";
export type { Fetch } from "./paced-request.ts";
export type { SluiceErrorReason } from "./sluice-error.ts";
export type { UpstreamAdvice, UpstreamAnswer } from "./upstream-advice.ts";
export type { WatchSocket, WatchSocketClass } from "./watch-connection.ts";
export type { WatchCallOptions, WatchOptions } from "./watch.ts";
export type { Handler, HandlerCall } from "./with-rate-limit.ts";

export { addressKey } from "./address-key.ts";
export { bucketName } from "./bucket-name.ts";
export { createClient } from "./client.ts";
export { createPacedFetch } from "./paced-fetch.ts";
export { refusalResponse } from "./refusal-response.ts";
export { SluiceError } from "./sluice-error.ts";
export { SluiceRefusedError } from "./sluice-refused-error.ts";
export { readUpstreamAdvice } from "./upstream-advice.ts";
export { watchBucket } from "./watch.ts";
export { withRateLimit } from "./with-rate-limit.ts";
