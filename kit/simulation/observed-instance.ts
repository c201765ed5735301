/**
 * What the laws see of an instance and of its object. They judge by this alone, so that the simulator
 * imports the laws and not the other way round.
 */
import type { Clock } from "../../src/bucket/clock.ts";
import type { BucketHost } from "../../src/bucket/bucket-host.ts";
import type { BucketRecord } from "../../src/bucket/platform.ts";
import type { LimiterView } from "../../src/core/limiter-state.ts";
import type { Grant } from "../../src/core/outcome.ts";
import type { NamedPolicyFields } from "../../src/protocol/bucket-snapshot.ts";
import type { AbsenceBook } from "./absence-book.ts";
import type { DiskState } from "./durable-state.ts";
import type { Standing } from "./standing.ts";
import type { ZoneTables } from "./zone-tables.ts";

/**
 * A request comes or goes; an isolate asks; an administrator calls; a timer or the alarm has fired.
 */
export type TurnKind = "call" | "lease" | "administration" | "tick";

/** An instance as it was at the end of its last turn. */
export interface Seen {
  view: LimiterView | undefined;
  /** By the wall clock, and by the monotonic one. */
  lastGrantAtMs: number;
  grantedAtMonotonicMs: number;
  /** All grants reported, one for each place, and how many of them before this turn. */
  readonly grants: Grant[];
  grantsBefore: number;
  /** When the last of those was. */
  grantedBeforeAtMs: number;
  /** Whether this turn pauses, or resumes. */
  isPauseTurn: boolean;
  /** Whether this turn gave a lease, or got a report on one. */
  isLeaseWritten: boolean;
  /** The batch of the last write; 0 tokens in an instance that hasn't written. */
  batch: Batch;
}

/** Tokens that an instance may grant without a write, and when it was written. */
interface Batch {
  /** By limit, 0 for one that isn't named; `undefined` if that can't be told. */
  readonly tokens: ReadonlyMap<string, number> | undefined;
  readonly writtenAtMs: number;
}

/** What the laws see of the durable object. */
export interface ObservedObject {
  /** Whether its alarm forgets the bucket. */
  readonly forgetsByAlarm: boolean;
  /** Counts what may make a waiter later than forecast. */
  disturbances: number;
  readonly stalledUntilMs: number;
  /**
   * Whether the alarm was lost, dropped, or is being retried, so that nothing can be expected of it.
   */
  readonly isAlarmUnsure: boolean;
  readonly hasFiredTwice: boolean;
}

/** What the laws see of one instance, and what they note on it. */
export interface ObservedInstance {
  readonly host: Pick<BucketHost, "inspect" | "stats" | "waiters">;
  readonly object: ObservedObject;
  readonly clock: Clock;
  /** The time zones that it started with. */
  readonly zones: ZoneTables;
  /** Whether it found an alarm armed, or its first caller was requeued. */
  readonly isRecovering: boolean;
  /** When recovery began, monotonic. */
  readonly recoveringFromMs: number;
  readonly jumpsAtStart: number;
  /** The record that it started with. */
  readonly recordAtStart: BucketRecord | undefined;
  readonly lifeAtStart: number;
  /** The disk as this instance sees it, including everything that it has written. */
  readonly view: DiskState;
  /** The same, before this turn. */
  readonly viewBefore: DiskState;
  /** Requests that haven't been answered and haven't left, in order of delivery. */
  readonly standing: ReadonlySet<Standing>;
  /** Whether the object's calls go to it. */
  readonly isCurrent: boolean;
  readonly isAborted: boolean;
  /** True once it was told to shut down. */
  readonly isClosed: boolean;
  /** Whether this turn has written anything so far. */
  readonly hasWritten: boolean;
  /** Whether any request that follows its place has stood here. */
  hasSentPlaces: boolean;
  /** When the first request came, monotonic. */
  readonly firstCallAtMs: number;
  /** When the last requeued request came, monotonic. */
  readonly lastRequeuedAtMs: number;
  /** Whether any request was requeued here. */
  readonly hasRequeued: boolean;
  /** How many came back to their places here. */
  returns: number;
  /** Callers that aren't here. */
  readonly absences: AbsenceBook;
  /** What kind of turn this is. */
  readonly turnKind: TurnKind;
  readonly seen: Seen;
  /** What the alarm was set to that this instance last saw fire. */
  readonly firedAlarmAtMs: number;
  /** When it did: later than that if the alarm was late, or retried after a failure. */
  readonly alarmRanAtMs: number;
  /** The written policy, as a Worker would configure it. */
  readonly writtenPolicy: NamedPolicyFields | undefined;
  /** Reads from the host as if it were `atMs`; must have no effect. */
  peek<Seen>(atMs: number, read: () => Seen): Seen;
}
