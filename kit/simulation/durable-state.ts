/** What a durable object's disk holds, and the commits that change it. */
import type { KeyedGrant } from "../../src/bucket/idempotency-store.ts";
import type { BucketRecord, StoredGrantRow } from "../../src/bucket/platform.ts";
import type { RemovedCaller } from "../../src/bucket/removed-callers.ts";

import { entriesOf } from "../../src/bucket/idempotency-store.ts";

/** Grants with a key on a disk. */
export interface KeyedState {
  /** As they are written, by slot. */
  readonly keyedRows: ReadonlyMap<number, string>;
  /** What is in them, by key. */
  readonly grants: ReadonlyMap<string, KeyedGrant>;
}

/** What the disk holds, or will hold once all commits are through. */
export interface DiskState extends KeyedState {
  readonly record: BucketRecord | undefined;
  /** Open grants, by slot. */
  readonly rows: ReadonlyMap<number, StoredGrantRow>;
  readonly ticketSecret: Uint8Array | undefined;
  readonly removedCallers: readonly RemovedCaller[] | undefined;
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

/** A disk with nothing on it. */
export function emptyState(life: number): DiskState {
  const nothing = {
    record: undefined,
    ticketSecret: undefined,
    removedCallers: undefined,
    alarmAtMs: undefined,
  };
  return { ...NO_KEYED, rows: new Map(), ...nothing, life, span: 0 };
}

export const NO_KEYED: KeyedState = { keyedRows: new Map(), grants: new Map() };

/** A disk on which a row of keyed grants has been written in the place of another. */
export function withKeyedRow(before: KeyedState, slot: number, row: string): KeyedState {
  const grants = new Map(before.grants);
  for (const [key, { grant }] of entriesOf(before.keyedRows.get(slot) ?? "[]")) {
    // There may be a later one with the same key.
    if (grants.get(key)?.grant.grantedAtMs === grant.grantedAtMs) grants.delete(key);
  }
  for (const [key, keyed] of entriesOf(row)) grants.set(key, keyed);
  return { keyedRows: new Map(before.keyedRows).set(slot, row), grants };
}
