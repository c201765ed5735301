/**
 * Runs one bucket: gives its limiter the time (read once a turn) and carries out what the limiter decides,
 * with callers, the disk and the wake timer. It knows no platform. Everything it needs from one is passed
 * in, so a simulator can make each piece fail at any point, and let time pass.
 *
 * **A turn** always runs in the same order: the core decides, the next alarm is armed, what must be durable
 * is written, callers get their answers. All writes of a turn are one commit, and the platform must hold
 * back every answer until that commit is on disk. Waiters are not written. They live as long as the requests
 * that wait, and if the instance is reset the Worker, which holds those requests, requeues them.
 *
 * **Starting up**: the constructor loads the state and arms nothing. An alarm that is found armed means that
 * callers were waiting when the previous instance ended. They come back within moments but in any order, so
 * for a short time all arriving requests are collected, and then admitted in the order in which they first
 * arrived. If the alarm never reached the disk, a requeued first caller has the same effect.
 */
import type { HoldAnswer, HoldCall, PermitAnswer } from "../core/holds/hold-call.ts";
import type { LeaseAsk } from "../core/lease/lease.ts";
import type { BucketObserver, BucketPlatform } from "./platform.ts";
import type { HeldRequest, Leave } from "./held-request.ts";
import type { Pause } from "../core/pause.ts";
import type { BucketHistory } from "../protocol/bucket-history.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { AcquireCall } from "../wire/acquire-call.ts";
import type { BucketStats, LeaseAnswer, PauseAnswer } from "../wire/bucket-answers.ts";
import { type SleepingRequest } from "./arrivals.ts";
import { OperatorCalls } from "./operator-calls.ts";
/** One bucket and everything around it. */
export declare class BucketHost {
    #private;
    constructor(platform: BucketPlatform);
    /** Occupied places in the queue. */
    get waiters(): number;
    /** What the last hour was like, as far as the bucket was busy and in memory. */
    get history(): BucketHistory;
    /** Whether any request is held. */
    get isAwaited(): boolean;
    /**
     * Tells a new instance that an alarm was found armed: callers were waiting when the previous instance ended, unless
     * it only slept, as it did if any session has outlived it, or the alarm is there to forget the bucket. Must come
     * before any other call but `restore`.
     */
    recover(alarmAtMs: number): void;
    /**
     * Puts requests of sessions back that waited when the object fell asleep, and returns what removes each of them.
     * Must come before any other call. What is due is done by the next turn, such as that of the alarm.
     *
     * @throws {RangeError} If the state on disk can't be read.
     */
    restore(sleeping: readonly SleepingRequest[]): readonly Leave[];
    /**
     * Asks for tokens. `request.answered` is called within this call, at the end of its batch or, if the request has to
     * wait, later. In the last case a function is returned that removes the request.
     *
     * @throws {RangeError} If the state on disk can't be read: nothing is known about the bucket then. So do
     * all other methods that look at the bucket, except `reset`.
     */
    acquire(call: AcquireCall, request: HeldRequest): Leave | undefined;
    /**
     * Cancels the acquire with this key. All its requests get the answer `cancelled`, and waiters behind it
     * move up in this turn. Returns whether it was waiting; `false` if it has been granted or isn't known. Takes
     * no tokens and does not start the bucket. An acquire whose connection has broken counts as waiting, and
     * can't come back: any request with the same key in the next 10 seconds is answered `cancelled`, unless the
     * key has been granted already.
     */
    cancel(key: string): boolean;
    /**
     * Runs many calls as one turn: they are written once, and answered once all of them have been decided. What
     * they return is decided already. `run` must not throw, and must not reset the bucket.
     *
     * @throws {RangeError} As `acquire` does. Nothing has run then.
     */
    batch(name: string, configured: NamedPolicyFields, run: () => void): void;
    /** The alarm has fired: what is due is done, or the bucket is forgotten. */
    alarm(): void;
    /**
     * The bucket's current state. Takes no tokens and does not start the bucket. If the configured policy has
     * changed, it is applied first, and waiters are rescheduled.
     */
    inspect(name: string, configured: NamedPolicyFields): BucketSnapshot;
    /** `inspect`, plus what the bucket has done since it started. */
    stats(name: string, configured: NamedPolicyFields): BucketStats;
    /**
     * The bucket's current state. Unlike `inspect` this changes nothing: it shows the policy in force. An
     * unused bucket is shown as it would start under `configured`.
     */
    peek(name: string, configured: NamedPolicyFields): BucketSnapshot;
    /**
     * Sends all further events to `observer`, which replaces the previous one; `undefined` stops them. Requests
     * are numbered from `lastId + 1`.
     */
    observe(observer: BucketObserver | undefined, lastId?: number): void;
    /** So many requests of sessions wait. If nobody else does, the object may sleep. */
    sessionsWait(requests: number): void;
    /** A session has opened or closed: there are `count` now. The observer sees it in the next snapshot. */
    sessionsChanged(count: number): void;
    /**
     * See `Limiter.lend`. Also lends nothing while callers who lost their places are coming back, and once the
     * process is about to end, which would lose the lease. An isolate that only reports may belong to an
     * earlier deployment, so its policy is not applied.
     */
    lend(name: string, configured: NamedPolicyFields, ask: LeaseAsk): LeaseAnswer;
    /** What operators do. Not within a batch. */
    get operators(): OperatorCalls;
    /** See `Limiter.pause`. Like an acquire, this starts the bucket, unless the pause names an unknown limit. */
    pause(name: string, configured: NamedPolicyFields, pause: Pause): PauseAnswer;
    /** See `Limiter.resume`. */
    resume(name: string, configured: NamedPolicyFields, limits?: readonly string[]): PauseAnswer;
    /**
     * See `Limiter.changeHold`. If the id isn't known, nothing is written and no bucket is started; so with the
     * other calls of holders.
     */
    changeHold(name: string, configured: NamedPolicyFields, id: string, call: HoldCall): HoldAnswer;
    /** See `Limiter.dropHold`. */
    dropHold(name: string, configured: NamedPolicyFields, id: string): HoldAnswer;
    /** See `Limiter.extendPermit`. */
    extendPermit(name: string, configured: NamedPolicyFields, id: string, sessionId?: string): PermitAnswer;
    /** See `Limiter.endSessions`. Does nothing if the policy has no permits. */
    endSessions(isOver: (sessionId: string) => boolean): void;
    /** See `Limiter.releasePermit`. */
    releasePermit(name: string, configured: NamedPolicyFields, id: string): void;
    /**
     * Refuses all waiters with `bucket-reset`, and forgets everything: tokens, counts, override, keys, holds, permits.
     * Resolves once the disk is empty.
     */
    reset(): Promise<void>;
    /** Answers every further acquire with `unavailable`, because the process is about to end. */
    close(): void;
    /**
     * Closes, and gives all waiters the same answer. They have taken nothing and have left the queue, so the
     * next instance need not wait for them to come back. Those of sessions, which must be closed by then, do come back:
     * for them an alarm stays armed.
     */
    shutDown(): void;
}
