/** What a durable object's disk holds, and the commits that change it. */
import type { KeyedGrant } from "../../src/bucket/idempotency-store.ts";
import type { BucketRecord, StoredGrantRow } from "../../src/bucket/platform.ts";

/** What the disk holds, or will hold once all commits are through. */
export interface DiskState {
  readonly record: BucketRecord | undefined;
  readonly grants: ReadonlyMap<string, KeyedGrant>;
  /** Open grants, by slot. */
  readonly rows: ReadonlyMap<number, StoredGrantRow>;
  readonly ticketSecret: Uint8Array | undefined;
  readonly alarmAtMs: number | undefined;
  /** Numbers the stretches between two resets. */
  readonly life: number;
  /** Numbers the stretches between two policy changes. */
  readonly span: number;
}

/** One turn's commit: the state that it leaves behind. */
export interface Commit {
  readonly state: DiskState;
  readonly setsAlarm: boolean;
  readonly fails: boolean;
  /** It is on the disk, even if the instance doesn't know yet. */
  hasLanded: boolean;
}
