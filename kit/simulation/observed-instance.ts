/**
 * What the laws see of an instance and of its object. They judge by this alone, so that the simulator
 * imports the laws and not the other way round.
 */
import type { Clock } from "../../src/bucket/clock.ts";
import type { BucketHost } from "../../src/bucket/bucket-host.ts";
import type { BucketRecord } from "../../src/bucket/platform.ts";
import type { LimiterView } from "../../src/core/limiter.ts";
import type { Grant } from "../../src/core/outcome.ts";
import type { NamedPolicyFields } from "../../src/protocol/bucket-snapshot.ts";
import type { AbsenceBook } from "./absence-book.ts";
import type { DiskState } from "./durable-state.ts";
import type { Standing } from "./standing.ts";

/** A request comes or goes; an isolate asks; an administrator calls; a timer or the alarm has fired. */
export type TurnKind = "call" | "lease" | "administration" | "tick";

/** What an instance looked like at the end of its last turn. */
export interface Seen {
  view: LimiterView | undefined;
  /** By the wall clock, and by the monotonic one. */
  lastGrantAtMs: number;
  grantedAtMonotonicMs: number;
  /** All grants told, each place once, and how many of them before this turn. */
  readonly grants: Grant[];
  grantsBefore: number;
  /** When the last of those was. */
  grantedBeforeAtMs: number;
  /** Whether this turn gave a lease, or heard of one. */
  isLeaseWritten: boolean;
  /** The batch of the last write: none in an instance that has not written. */
  batch: Batch;
}

/** Tokens that an instance may grant without a write, and what it had been written at. */
interface Batch {
  /** `undefined` where that cannot be told. */
  readonly tokens: number | undefined;
  readonly writtenAtMs: number;
}

/** What the laws see of the durable object. */
export interface ObservedObject {
  /** Counts what may make a waiter later than forecast. */
  disturbances: number;
  readonly stalledUntilMs: number;
  /** Whether the alarm was lost, dropped, or is being tried again: nothing may be expected of it. */
  readonly isAlarmUnsure: boolean;
  readonly hasFiredTwice: boolean;
}

/** What the laws see of one instance, and what they note on it. */
export interface ObservedInstance {
  readonly host: Pick<BucketHost, "inspect" | "stats" | "waiters">;
  readonly object: ObservedObject;
  readonly clock: Clock;
  /** Whether it found an alarm armed, or its first caller was put back. */
  readonly isRecovering: boolean;
  /** When that began, monotonic. */
  readonly recoveringFromMs: number;
  readonly jumpsAtStart: number;
  /** What it began with. */
  readonly recordAtStart: BucketRecord | undefined;
  readonly lifeAtStart: number;
  /** The disk as this instance sees it, with all that it has written. */
  readonly view: DiskState;
  /** And as it was before this turn. */
  readonly viewBefore: DiskState;
  /** Those who have not been told and have not left, in order of delivery. */
  readonly standing: ReadonlySet<Standing>;
  /** Whether the object's calls go to it. */
  readonly isCurrent: boolean;
  readonly isAborted: boolean;
  /** Once it has been told that the process ends. */
  readonly isClosed: boolean;
  /** Whether this turn has written anything so far. */
  readonly hasWritten: boolean;
  /** Whether any request that follows its place has stood here. */
  hasSentPlaces: boolean;
  /** When the first request came, monotonic. */
  readonly firstCallAtMs: number;
  /** And the last that was put back. */
  readonly lastRequeuedAtMs: number;
  /** Whether anybody has been put back here. */
  readonly hasRequeued: boolean;
  /** Those who have come back to their places here. */
  returns: number;
  /** Those who are not here. */
  readonly absences: AbsenceBook;
  /** What this turn is. */
  readonly turnKind: TurnKind;
  readonly seen: Seen;
  /** What the alarm was set to that this instance saw fire last. */
  readonly firedAlarmAtMs: number;
  /** When it did: later than it was set to where it was late, or is tried again after a failure. */
  readonly alarmRanAtMs: number;
  /** The policy that is written, as a Worker would configure it. */
  readonly writtenPolicy: NamedPolicyFields | undefined;
  /** Looks at the host as if it were `atMs`; nothing may come of it. */
  peek<Seen>(atMs: number, read: () => Seen): Seen;
}
