/** What operators see of the queue, and of a change that they consider. */
import type { BucketSnapshot } from "./bucket-snapshot.ts";
import type { RefusalReason } from "./reasons.ts";
/** A waiter, as an operator sees it. */
export interface QueuedWaiter {
    /** Names the waiter as long as it waits. It gives nobody its place. */
    readonly id: string;
    /** 1 is next. */
    readonly position: number;
    /** Time until its grant, in milliseconds, if nothing changes. */
    readonly etaMs: number;
    /** Whether `etaMs` depends on what can't be known, such as the end of a permit. */
    readonly estimate?: true;
    readonly tokens: number;
    /** Tokens asked of further limits, by name; absent if there are none. */
    readonly limits?: Readonly<Record<string, number>>;
    readonly queuedAtMs: number;
    readonly deadlineAtMs: number;
    /** What the caller calls itself. */
    readonly label?: string;
}
/** Body of `GET /buckets/NAME/waiters`. */
export interface QueuedWaiters {
    /** In the order of the queue. */
    readonly waiters: readonly QueuedWaiter[];
    /** How many more there are. */
    readonly omitted: number;
}
/** Body of the answer to `POST /buckets/NAME/dry-run`: what a change of the policy would do. */
export interface DryRun {
    /** The bucket as it would be. */
    readonly snapshot: BucketSnapshot;
    /** The waiters that would be refused, in the order of the queue: at most 1,000. */
    readonly refused: readonly {
        readonly id: string;
        readonly reason: RefusalReason;
    }[];
    /** How many more would be refused; absent if none. */
    readonly omitted?: number;
    /** How many waiters would be granted at another time than now foreseen. */
    readonly moved: number;
}
