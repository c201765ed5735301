/** What the object answers the Worker's RPC calls with, beyond a plain snapshot. */
import type { Lease } from "../core/lease/lease.ts";
import type { FieldFault } from "../core/values.ts";
import type { StatsView } from "../core/stats.ts";
import type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
import type { DryRun } from "../protocol/queued-waiter.ts";
/** The answer to a monitor. */
export interface BucketStats {
    readonly snapshot: BucketSnapshot;
    readonly tally: StatsView;
    /** When the caller at the head of the queue joined it; absent while nobody waits, and from older objects. */
    readonly headQueuedAtMs?: number | undefined;
}
/** The answer to a change of the policy. */
export type PolicyChange = {
    readonly ok: true;
    readonly snapshot: BucketSnapshot;
} | {
    readonly ok: false;
    readonly errors: readonly FieldFault[];
};
/** The answer to a dry run of a change. */
export type DryRunAnswer = {
    readonly ok: true;
    readonly run: DryRun;
} | {
    readonly ok: false;
    readonly errors: readonly FieldFault[];
};
/** Which policy an operator goes back to: the configured one, or the override before the one in force. */
export type PolicyBefore = "configured" | "previous";
/** The answer to a pause, and to the end of one: the bucket just after, or what is wrong with the limits it names. */
export type PauseAnswer = BucketSnapshot | {
    readonly errors: readonly FieldFault[];
};
/** The answer to an isolate that asks for a lease. */
export interface LeaseAnswer {
    /** Absent if the object lends nothing. */
    readonly lease?: Lease;
    /** The bucket just after. */
    readonly bucket: BucketSnapshot;
}
