/** The package's entry `sluice/client`. */
export type {
  AcquireOptions,
  AcquireOutcome,
  Client,
  Granted,
  PauseFields,
  QueuedPlace,
  RefusalReason,
  Refused,
} from "./client.ts";
