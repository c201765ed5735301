/**
 * What operators do with one bucket: look at the queue, take a caller out of it, and override the policy, or
 * try what that would do. `BucketHost` carries out the turns, as it does those of callers.
 *
 * Nothing is kept for these calls. A waiter is found by a walk along the queue, which takes a millisecond for the
 * longest one: operators look seldom, and an acquire pays nothing for them.
 */
import type { AcquireAnswer } from "../answers/acquire-answer.ts";
import type { Turn } from "../core/turn.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { DryRun, QueuedWaiters } from "../protocol/queued-waiter.ts";
import type { DryRunAnswer, PolicyBefore, PolicyChange } from "../wire/bucket-answers.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Caller } from "./caller.ts";
import type { OpenBucket } from "./open-bucket.ts";
import type { BucketPlatform } from "./platform.ts";
import { Policy } from "../core/policy.ts";
/** What these calls need from the host. */
export interface OperatedHost {
    /** The time of the turn that begins, epoch milliseconds. */
    now(): number;
    /** The bucket in memory; `undefined` if it was never used. */
    bucket(): OpenBucket | undefined;
    /** The bucket, under the configured policy unless it has an override. */
    open(name: string, configured: NamedPolicyFields, nowMs: number): OpenBucket;
    /** Carries out the effects of a turn. */
    finish(bucket: OpenBucket, turn: Turn<Caller>, nowMs: number): void;
    /** Gives an answer to all requests of a caller. */
    settle(caller: Caller, answer: AcquireAnswer): void;
    /** Gives the bucket another policy, and refuses waiters that it makes late. */
    setPolicy(bucket: OpenBucket, policy: Policy, nowMs: number): Turn<Caller>;
    snapshotOf(bucket: OpenBucket, nowMs: number): BucketSnapshot;
}
type OperatorPlatform = Pick<BucketPlatform, "timeZones" | "directory">;
/** The operators' side of one bucket. */
export declare class OperatorCalls {
    #private;
    constructor(platform: OperatorPlatform, arrivals: Pick<Arrivals, "removed">, host: OperatedHost);
    /**
     * The first `limit` waiters, in order. Takes no tokens and does not start the bucket. Callers that come back after a
     * crash are listed once they have their places.
     */
    waiters(name: string, configured: NamedPolicyFields, limit: number): QueuedWaiters;
    /**
     * Takes a waiter out of the queue. All its requests are answered `cancelled-by-admin`, and so is whatever comes back
     * to its place, by its key or its ticket, until its deadline. Those behind it move up in this turn. Returns `false`
     * if nobody of that id waits, any more.
     *
     * @param id As in the list of waiters. Takes any text.
     */
    removeWaiter(id: string): boolean;
    /**
     * Merges `changes` into the bucket's policy and keeps the result as the bucket's override, until that is dropped or
     * the bucket is reset. Waiters are timed anew. Without any change, nothing happens.
     *
     * @param note Why, for other operators.
     */
    changePolicy(name: string, configured: NamedPolicyFields, changes: Readonly<Record<string, unknown>>, note?: string): PolicyChange;
    /**
     * What `changePolicy` would do, tried on a copy of the limiter. Nothing is written, answered or moved.
     *
     * A waiter counts as moved if it would be granted at another time than foreseen: at once, too, unless its time has
     * come already.
     */
    dryRun(name: string, configured: NamedPolicyFields, changes: Readonly<Record<string, unknown>>): DryRunAnswer;
    /** What `dropOverride` would do, as `dryRun` says it; `undefined` where it would do nothing. */
    dryRunBack(name: string, configured: NamedPolicyFields, to: PolicyBefore): DryRun | undefined;
    /**
     * Puts the configured policy in force again, or the override before this one. Waiters are timed anew. Returns the
     * bucket; `undefined`, and nothing happens, if there is no override, or none before it.
     */
    dropOverride(name: string, configured: NamedPolicyFields, to: PolicyBefore): BucketSnapshot | undefined;
}
export {};
