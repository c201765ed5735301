/**
 * What a bucket needs from the platform it runs on. `BucketHost` knows no other: the Durable Object provides
 * it in production, a simulator that can make each piece fail provides it in tests.
 */
import type { OpenGrantState } from "../core/holds/grant-row.ts";
import type { Grant } from "../core/outcome.ts";
import type { LimiterState } from "../core/limiter-state.ts";
import type { TimeZones } from "../core/limits/time-zones.ts";
import type { TokenBucketState } from "../core/limits/bucket-state.ts";
import type { CompletePolicyFields } from "../core/policy.ts";
import type { BusyReport } from "../directory/directory.ts";
import type { KnownOverride } from "../protocol/known-override.ts";
import type { WatchEvent } from "../protocol/watch-feed.ts";
import type { BucketState } from "../answers/acquire-answer.ts";
import type { Clock } from "./clock.ts";
import type { KeyedGrantStore } from "./idempotency-store.ts";
import type { RemovedCallersStore } from "./removed-callers.ts";
import type { TicketSecretStore } from "./tickets/ticket-book.ts";
import type { AlarmStorage } from "./wake-timer.ts";
/** A limiter on disk. */
export interface StoredLimiter extends LimiterState {
    /** Up to format 4, in place of `limits`: the one limit. Absent before the first acquire. */
    readonly bucket?: Omit<TokenBucketState, "kind">;
    /**
     * From when on the bucket may be forgotten, epoch milliseconds: one that starts anew then can't give too much (see
     * forgettable.ts). Absent if it is kept for good. Versions that don't know it leave it out of their next write.
     */
    readonly forgetAtMs?: number;
}
/** What an operator has done to a bucket's policy. */
export interface OverrideNote {
    /** When, epoch milliseconds. */
    readonly atMs: number;
    /** Why, in the operator's words. */
    readonly note?: string;
    /** The override before this one; absent if the configured policy was in force. */
    readonly previous?: CompletePolicyFields;
}
/** The state on disk. */
export interface BucketRecord {
    readonly format: number;
    readonly name: string;
    readonly policyName: string;
    /**
     * The policy in force: the configured one as of the last write, or an override. Without `forgetAfterMs`, because
     * versions from before refuse a policy with a field that they don't know.
     */
    readonly policy: CompletePolicyFields;
    /** Of the policy. Versions from before don't look at it. */
    readonly forgetAfterMs?: number;
    readonly isOverridden: boolean;
    /** Absent without an override, and for one from before this was kept. */
    readonly override?: OverrideNote;
    /** Since format 6: the number of the write. A row of a grant with a higher one has a newer `limiter`. */
    readonly seq?: number;
    readonly limiter: StoredLimiter;
}
/** An open grant on disk. */
export interface StoredGrantRow {
    readonly grant: OpenGrantState;
    /** The number of the write, if the row has the limiter's state as of its turn. */
    readonly seq?: number;
    readonly limiter?: StoredLimiter;
}
/** Where open grants are written, by slot. None is ever deleted, except with everything else. */
interface GrantRowStore {
    /** In any order. */
    list(): Iterable<readonly [number, StoredGrantRow]>;
    put(slot: number, row: StoredGrantRow): void;
}
/** What `BucketHost` needs from its platform. */
export interface BucketPlatform {
    readonly clock: Clock;
    readonly alarms: AlarmStorage;
    /**
     * Whether an alarm is set for a bucket that may be forgotten later. Default: something else looks for such buckets,
     * or nothing does.
     */
    readonly forgetsByAlarm?: boolean;
    readonly disk: BucketDisk;
    /** What calendars go by. The table may be another one in the next instance. */
    readonly timeZones: TimeZones;
    /** Makes an id that can't be guessed, another one each time. */
    readonly newId: () => string;
    /** Makes bytes that can't be guessed. */
    readonly randomBytes: (count: number) => Uint8Array;
    /**
     * Ends this instance, because memory is ahead of the disk. Waiters are requeued at the next instance. May
     * throw, and may return.
     */
    abort(reason: string): void;
    /** Called at the end of each turn that has granted anything, after all callers have their answers. */
    granted?(bucket: BucketState, grants: readonly Grant[]): void;
    /** Absent if there is none: then the bucket isn't listed as busy. */
    readonly directory?: BucketDirectory;
}
/** Where buckets are listed. Calls return at once, never throw, and may be lost. */
export interface BucketDirectory {
    /** The bucket is busy. */
    reportBusy(report: Omit<BusyReport, "shards">): void;
    /** The bucket was reset: nothing is left of it. */
    busyEnded(bucket: string): void;
    /** The bucket has this override; `undefined`: none any more. */
    noteOverride(bucket: string, override: KnownOverride | undefined): void;
}
/** Where the bucket is kept. Throws if it can't write. */
export interface BucketDisk {
    read(): BucketRecord | undefined;
    write(record: BucketRecord): void;
    readonly keyedGrants: KeyedGrantStore;
    /** What tickets are signed with; empty before the first one. */
    readonly ticketSecret: TicketSecretStore;
    /** Callers that an operator has removed. */
    readonly removedCallers: RemovedCallersStore;
    /** Empty, and not read, for a bucket without holds and permits. */
    readonly grantRows: GrantRowStore;
    /** Deletes everything, including the alarm. Resolves once it is gone. */
    erase(): Promise<void>;
}
/** Watches the bucket. Must not call the host back during the turn it is notified of. */
export interface BucketObserver {
    /**
     * A turn is over: `events` is what happened to requests in it, in order. It may be empty: the turn may have
     * changed something else, or nothing.
     */
    turned(events: readonly WatchEvent[]): void;
}
export {};
