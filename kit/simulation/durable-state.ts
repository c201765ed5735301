/** What a durable object's disk holds, and the commits that change it. */
import type { KeyedGrant } from "../../src/bucket/idempotency-store.ts";
import type { BucketRecord } from "../../src/bucket/platform.ts";

/** What the disk holds, or will hold when all commits are through. */
export interface DiskState {
  readonly record: BucketRecord | undefined;
  readonly grants: ReadonlyMap<string, KeyedGrant>;
  readonly alarmAtMs: number | undefined;
  /** Told apart by a number: what happened between two deletions of all. */
  readonly life: number;
  /** And between two changes of the policy. */
  readonly span: number;
}

/** One commit of one turn: the state that it leaves behind. */
export interface Commit {
  readonly state: DiskState;
  readonly setsAlarm: boolean;
  readonly fails: boolean;
  /** It is on the disk, and the instance does not know yet. */
  hasLanded: boolean;
}
