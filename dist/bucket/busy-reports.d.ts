/**
 * Reports a bucket to the directory while it is busy: at most one report in ten seconds, from turns that happen anyway.
 *
 * **A bucket that isn't busy pays one comparison a turn**, and one look at its sums in five seconds.
 *
 * **The last report.** After it, the directory goes on showing the waiters that it had. If they leave within the ten
 * seconds, and then nothing happens, no turn would say so: a timer does. While only sessions wait there is none, as it
 * would keep the object from falling asleep: what wakes the object for the next of them reports again, and when the last
 * of them has gone, the timer is set once.
 */
import type { Turn } from "../core/turn.ts";
import type { BucketHistory } from "../protocol/bucket-history.ts";
import type { Caller } from "./caller.ts";
import type { OpenBucket } from "./open-bucket.ts";
import type { BucketPlatform } from "./platform.ts";
/** What it needs of the host. */
interface ReportedHost {
    /** Whether all waiters are requests of sessions. */
    readonly onlySessionsWait: () => boolean;
    /** Runs a turn in which nothing is asked. */
    readonly advance: () => void;
}
/** The reports of one instance. */
export declare class BusyReports {
    #private;
    /** Turns before this instant need not be reported here, epoch milliseconds. A plain field: every turn reads it. */
    dueAtMs: number;
    constructor(platform: BucketPlatform, host: ReportedHost);
    /** What the last hour was like, as far as it was busy. */
    get history(): BucketHistory;
    /** A turn is over that ended at `dueAtMs` or later. */
    turned(bucket: OpenBucket, turn: Turn<Caller>, nowMs: number): void;
    /** No request of a session waits any more. */
    sessionsDone(): void;
    /** The bucket has been reset: nothing is left of it. */
    reset(bucket: string): void;
}
export {};
