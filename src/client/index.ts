/** The package's entry `sluice/client`. */
export type {
  AcquireOptions,
  AcquireOutcome,
  CallOptions,
  Client,
  ClientOptions,
  Granted,
  OnUnavailable,
  PauseFields,
  QueuedPlace,
  RefusalReason,
  Refused,
} from "./client.ts";
export type { SluiceErrorReason } from "./sluice-error.ts";
export type { WatchSocket, WatchSocketClass } from "./watch-connection.ts";
export type { WatchOptions } from "./watch.ts";

export { createClient } from "./client.ts";
export { SluiceError } from "./sluice-error.ts";
export { watchBucket } from "./watch.ts";
