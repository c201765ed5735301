/** The live feed of a bucket, `GET /buckets/NAME/watch`: what both ends of the WebSocket say. */
import type { LimiterReason } from "../core/outcome.ts";
import type { BucketSnapshot } from "./bucket-snapshot.ts";

/**
 * A message of the feed, one JSON text each: the first as soon as the connection opens, then one after each
 * change.
 */
export interface WatchMessage {
  /** The object's clock, epoch milliseconds. */
  readonly atMs: number;
  /** Present, and true, in the first message: no `id` refers to a request of an earlier connection. */
  readonly isFirst?: true;
  readonly snapshot: BucketSnapshot;
  /** What happened since the previous message, in order; empty in the first. */
  readonly events: readonly WatchEvent[];
  /** How many events were dropped because there were too many for one message; absent if none was. */
  readonly omitted?: number;
}

/** Something that happened to a request. `id` identifies it within this instance of the object. */
export type WatchEvent =
  | {
      readonly kind: "queued";
      readonly id: number;
      readonly atMs: number;
      readonly tokens: number;
    }
  | {
      readonly kind: "granted";
      readonly id: number;
      readonly atMs: number;
      readonly tokens: number;
      readonly waitedMs: number;
    }
  | {
      readonly kind: "refused";
      readonly id: number;
      readonly atMs: number;
      readonly tokens: number;
      readonly reason: LimiterReason;
    }
  | {
      readonly kind: "cancelled";
      readonly id: number;
      readonly atMs: number;
      readonly tokens: number;
      readonly waitedMs: number;
    };
