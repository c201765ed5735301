/** Buckets as the Worker sees them: its side of the calls to their objects. */
import type { Ask } from "../core/ask.ts";
import type { HoldAnswer, HoldCall, PermitAnswer } from "../core/holds/hold-call.ts";
import type { Pause } from "../core/pause.ts";
import type { DryRun, QueuedWaiters } from "../protocol/queued-waiter.ts";
import type { BucketHistory } from "../protocol/bucket-history.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { DryRunAnswer, PauseAnswer, PolicyBefore, PolicyChange } from "../wire/bucket-answers.ts";
import type { PlaceFollower } from "../wire/acquire-lines.ts";
import type { SluiceEnv } from "./config/env.ts";
import type { LeasedBuckets, LeasedGrant } from "./leased-bucket.ts";
/** The part of a deployment that buckets need. */
export interface BucketDeployment {
    /** The objects and, if they can be seen, their files, which show why an object can't be reached. */
    readonly env: Pick<SluiceEnv, "BUCKETS" | "FILES">;
    readonly leases: LeasedBuckets;
}
/** The sender of a request. Its signal is only read when a call has failed: reading it creates it. */
export type BucketCaller = Pick<Request, "signal">;
/**
 * One bucket, by name. The promise of an acquire doesn't reject. Every other one rejects with a
 * `BucketUnreachableError` if the object can't be reached, and with the signal's reason if the caller leaves
 * while it is being reached.
 */
export declare class BucketStub {
    #private;
    readonly deployment: BucketDeployment;
    readonly name: string;
    readonly policy: NamedPolicyFields;
    readonly caller: BucketCaller | undefined;
    /**
     * @param caller Once it has left, no call is made again. Not needed by an acquire over HTTP: when its client
     * leaves, the runtime ends whatever the request has started, even between two calls. So while it waits, the
     * request isn't kept, which would take 2 KiB.
     */
    constructor(deployment: BucketDeployment, name: string, policy: NamedPolicyFields, caller: BucketCaller | undefined);
    /**
     * The response: the grant from this isolate's lease, if there is one that covers it, or what the object
     * answers (`acquireAtObject`).
     *
     * @param follower Is notified of the request's place while it waits. Its signal replaces the caller's.
     */
    acquire(ask: Ask, follower?: PlaceFollower): Response | Promise<Response>;
    /**
     * The grant, if this isolate's lease covers it; otherwise the request has to go to the object, by
     * `acquireAtObject`.
     */
    acquireFromLease(ask: Ask): LeasedGrant | undefined;
    /**
     * The object's response, which is the grant or the refusal; a refusal, too, if the object can't be reached.
     * If the object is reset while the request waits, the request returns to its place in the order of arrival
     * with the rest of its timeout.
     */
    acquireAtObject(ask: Ask, follower?: PlaceFollower): Response | Promise<Response>;
    /**
     * Cancels the acquire with this key, and resolves with whether it was waiting. If the object is reset
     * before it answers, the call is repeated: acquires that have not been requeued by then find their key
     * cancelled.
     */
    cancel(idempotencyKey: string): Promise<boolean>;
    /** The bucket's current state. */
    inspect(): Promise<BucketSnapshot>;
    /** The first `limit` waiters, in order. */
    waiters(limit: number): Promise<QueuedWaiters>;
    /**
     * Takes a waiter out of the queue, and resolves with whether it was waiting. If the object is reset before it answers,
     * the call is repeated: `false` may then mean that the first call has removed it.
     */
    removeWaiter(id: string): Promise<boolean>;
    /** What the last hour was like, as far as the bucket was busy and its object in memory. */
    history(): Promise<BucketHistory>;
    /** A response with the caller's end of a WebSocket that sends events; or the refusal. */
    watch(): Promise<Response>;
    /**
     * A response with the caller's end of a WebSocket that takes acquires; or the refusal. All of them go to the
     * object, leases or not.
     */
    session(): Promise<Response>;
    /** Gives the bucket its own policy. */
    changePolicy(changes: Readonly<Record<string, unknown>>, note?: string): Promise<PolicyChange>;
    /** What `changePolicy` would do; nothing changes. */
    dryRun(changes: Readonly<Record<string, unknown>>): Promise<DryRunAnswer>;
    /** What `dropOverride` would do; nothing changes. Resolves with `undefined` if that is nothing. */
    dryRunBack(to: PolicyBefore): Promise<DryRun | undefined>;
    /**
     * Puts an earlier policy in force again; resolves with `undefined` if there is none. If the object is reset before it
     * answers, the call is repeated: `undefined` may then mean that the first call has done it.
     */
    dropOverride(to: PolicyBefore): Promise<BucketSnapshot | undefined>;
    /**
     * Keeps at most `tokens` in the bucket, and makes its ticks bring nothing until `untilMs`. Idempotent; an
     * instant in the past changes nothing. This isolate returns its lease; other isolates return theirs with
     * their next call to the object.
     */
    pause(pause: Pause): Promise<PauseAnswer>;
    /** Ends a pause, no matter who started it. */
    resume(limits?: readonly string[]): Promise<PauseAnswer>;
    /**
     * Does what the holder of the hold `id` asks for. Idempotent; if the object is reset before it answers, the call
     * is repeated. So with the other calls of holders.
     */
    changeHold(id: string, call: HoldCall): Promise<HoldAnswer>;
    /** Settles the hold `id`, of which nothing was used. */
    dropHold(id: string): Promise<HoldAnswer>;
    /** Keeps the permit `id` for as long as a new one lasts. */
    extendPermit(id: string): Promise<PermitAnswer>;
    /** Gives the permit `id` back. */
    releasePermit(id: string): Promise<void>;
    /**
     * Refuses all waiters and forgets the bucket. If the object is reset before it answers, the call is
     * repeated, and also refuses callers that arrived in between. An object that can't read its state can't
     * erase it either; then the file is set aside, if this deployment can do that.
     */
    reset(): Promise<void>;
}
