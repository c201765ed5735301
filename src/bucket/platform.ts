/**
 * What a bucket needs of the platform that it runs on. `BucketHost` knows no other: the Durable Object
 * provides it in production, a simulator that can fail each piece of it in tests.
 */
import type { Grant } from "../core/outcome.ts";
import type { LimiterState } from "../core/limiter.ts";
import type { CompletePolicyFields } from "../core/policy.ts";
import type { WatchEvent } from "../protocol/watch-feed.ts";
import type { BucketState } from "../answers/acquire-answer.ts";
import type { Clock } from "./clock.ts";
import type { KeyedGrantStore } from "./idempotency-store.ts";
import type { AlarmStorage } from "./wake-timer.ts";

/** The state on the disk. */
export interface BucketRecord {
  readonly format: number;
  readonly name: string;
  readonly policyName: string;
  /** The policy in force: the configured one as of the last write, or an override. */
  readonly policy: CompletePolicyFields;
  readonly isOverridden: boolean;
  readonly limiter: LimiterState;
}

/** What the owner needs of its platform. */
export interface BucketPlatform {
  readonly clock: Clock;
  readonly alarms: AlarmStorage;
  readonly disk: BucketDisk;
  /**
   * Ends this instance: memory is ahead of the disk. Whoever waits is put back at the next one. May
   * throw, and may return.
   */
  abort(reason: string): void;
  /** Called at the end of each turn that has granted anything, when all of them have been told. */
  granted?(bucket: BucketState, grants: readonly Grant[]): void;
}

/** Where the bucket is kept. Throws where it cannot write. */
export interface BucketDisk {
  read(): BucketRecord | undefined;
  write(record: BucketRecord): void;
  readonly keyedGrants: KeyedGrantStore;
  /** Deletes everything, the alarm included. Resolves when it is gone. */
  erase(): Promise<void>;
}

/** Who watches the bucket. Must not call its owner back within the turn that it is told of. */
export interface BucketObserver {
  /**
   * A turn is over: what happened to requests in it, in order. Maybe to none: it may have changed
   * something else, or nothing.
   */
  turned(events: readonly WatchEvent[]): void;
}
