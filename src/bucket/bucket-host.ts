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
import type { AcquireAnswer } from "../answers/acquire-answer.ts";
import type { BucketObserver, BucketPlatform } from "./platform.ts";
import type { Caller } from "./caller.ts";
import type { HeldRequest, Leave } from "./held-request.ts";
import type { Limiter } from "../core/limiter.ts";
import type { HolderTurn, Turn } from "../core/turn.ts";
import type { OpenBucket } from "./open-bucket.ts";
import type { Pause } from "../core/pause.ts";
import type { BucketHistory } from "../protocol/bucket-history.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { AcquireCall } from "../wire/acquire-call.ts";
import type { BucketStats, LeaseAnswer, PauseAnswer } from "../wire/bucket-answers.ts";

import { costOf, unknownLimits } from "../core/limits/cost.ts";
import { Policy } from "../core/policy.ts";
import { Arrivals, type SleepingRequest } from "./arrivals.ts";
import { BucketJournal } from "./bucket-journal.ts";
import { BusyReports } from "./busy-reports.ts";
import { CoalescingTimer } from "./coalescing-timer.ts";
import { EventFeed } from "./event-feed.ts";
import { Forgetting } from "./forgetting.ts";
import { holdBack } from "./held-back.ts";
import { KeyedCalls } from "./keyed-calls.ts";
import { OperatorCalls } from "./operator-calls.ts";
import { newBucket, snapshotOf, stateOf } from "./open-bucket.ts";
import { holdCallFaults } from "./policy-faults.ts";
import { RecoveryWindow } from "./recovery-window.ts";
import { WakeTimer } from "./wake-timer.ts";
import { UNREADABLE_STATE, UNWRITABLE } from "../wire/failures.ts";

/** One bucket and everything around it. */
export class BucketHost {
  readonly #platform: BucketPlatform;
  readonly #journal: BucketJournal;
  /** Made for the first policy that has its buckets forgotten. */
  #forgetting: Forgetting | undefined = undefined;
  /** Made for the first caller that waits, and the first alarm. */
  #wakeTimer: WakeTimer | undefined = undefined;
  readonly #keyed: KeyedCalls;
  readonly #arrivals: Arrivals;
  /** Made for the first observer. */
  #events: EventFeed | undefined = undefined;
  /** Made for the first operator. */
  #operators: OperatorCalls | undefined = undefined;
  readonly #flushTimer: CoalescingTimer;
  readonly #busy: BusyReports;
  #bucket: OpenBucket | undefined = undefined;
  /** Of the permits before a reset. A burst of them has fences that are ahead of the clock. */
  #lastFence = 0;
  /** Why the state on disk can't be read. While set, every call but a reset fails with it. */
  #fault: unknown = undefined;
  /** Open for a short time after callers have lost their places. */
  #recoveryWindow: RecoveryWindow | undefined = undefined;
  /** Whether this instance has admitted a request. */
  #hasAdmitted = false;
  /** Open sessions, which are the platform's: they outlive a reset of the bucket. */
  #sessions = 0;
  /** How many requests of sessions wait. */
  #sessionRequests = 0;
  /** Set once the process is about to end. */
  #isClosed = false;
  /** When the batch began that is under way: its turns happen at that time, and their effects are carried out at its end. */
  #batchAtMs: number | undefined = undefined;

  constructor(platform: BucketPlatform) {
    this.#platform = platform;
    this.#journal = new BucketJournal(platform);
    const { clock, disk } = platform;
    this.#keyed = new KeyedCalls(disk.keyedGrants);
    this.#arrivals = new Arrivals(platform, this.#keyed, {
      now: (): number => this.#now(),
      finish: (bucket, turn, nowMs): void => this.#finish(bucket, turn, nowMs),
    });
    this.#flushTimer = new CoalescingTimer(clock, () => this.#advance());
    this.#busy = new BusyReports(platform, {
      onlySessionsWait: (): boolean => this.waiters <= this.#sessionRequests,
      advance: (): void => this.#advance(),
    });
    this.#load();
  }

  /** Occupied places in the queue. */
  get waiters(): number {
    return this.#bucket?.limiter.waiters ?? 0;
  }

  /** What the last hour was like, as far as the bucket was busy and in memory. */
  get history(): BucketHistory {
    return this.#busy.history;
  }

  /** Whether any request is held. */
  get isAwaited(): boolean {
    return this.waiters > 0 || this.#recoveryWindow !== undefined;
  }

  /**
   * Tells a new instance that an alarm was found armed: callers were waiting when the previous instance ended, unless
   * it only slept, as it did if any session has outlived it, or the alarm is there to forget the bucket. Must come
   * before any other call but `restore`.
   */
  recover(alarmAtMs: number): void {
    const isIdle = this.#bucket && this.#forgetting?.isAlarm(this.#bucket, alarmAtMs);
    this.#madeWakeTimer().restoreAlarm(alarmAtMs, isIdle);
    if (isIdle && this.waiters === 0) return;
    if (this.#sessions === 0) this.#recoveryWindow = new RecoveryWindow(this.#platform.clock);
    // What woke the object may be the end of a session, and those behind its waiters are due at once.
    else this.#advance();
  }

  /**
   * Puts requests of sessions back that waited when the object fell asleep, and returns what removes each of them.
   * Must come before any other call. What is due is done by the next turn, such as that of the alarm.
   *
   * @throws {RangeError} If the state on disk can't be read.
   */
  restore(sleeping: readonly SleepingRequest[]): readonly Leave[] {
    // A ticket that comes first means nothing then: nobody has lost a place.
    this.#hasAdmitted ||= this.#sessions > 0;
    const [first] = sleeping;
    if (!first) return [];
    if (this.#fault !== undefined) throw this.#fault;
    const { bucket: name, policy } = first.call;
    const bucket = (this.#bucket ??= newBucket(name, policy, this.#platform, this.#lastFence));
    const { clock } = this.#platform;
    const leaves = this.#arrivals.restore(bucket, sleeping, clock.now());
    clock.notBefore?.(bucket.limiter.passedAtMs ?? 0);
    return leaves;
  }

  /**
   * Asks for tokens. `request.answered` is called within this call, at the end of its batch or, if the request has to
   * wait, later. In the last case a function is returned that removes the request.
   *
   * @throws {RangeError} If the state on disk can't be read: nothing is known about the bucket then. So do
   * all other methods that look at the bucket, except `reset`.
   */
  acquire(call: AcquireCall, request: HeldRequest): Leave | undefined {
    const nowMs = this.#now();
    if (call.returnedLeases && this.#bucket) {
      const report = { ...call.returnedLeases, wanted: 0 };
      this.#finish(this.#bucket, this.#bucket.limiter.lend(report, nowMs), nowMs);
    }
    if (this.#isClosed) {
      request.answered({ kind: "unavailable" });
      return undefined;
    }
    if (!this.#hasAdmitted && this.#isLost(call, nowMs))
      this.#recoveryWindow ??= new RecoveryWindow(this.#platform.clock);
    if (this.#fault !== undefined || !this.#recoveryWindow?.isOpen(nowMs)) {
      this.#recoveryWindow = undefined;
      const bucket = this.#bucketFor(call, nowMs);
      return this.#arrivals.admit(bucket, { call, heldMs: 0, request }, nowMs);
    }
    return holdBack(this.#recoveryWindow, call, request, nowMs, {
      arrival: this.#arrivals.presentedPlace(call)?.arrival,
      admit: (heldMs, atMs) => {
        return this.#arrivals.admit(this.#bucketFor(call, atMs), { call, heldMs, request }, atMs);
      },
      cancelled: () => this.#arrivals.cancelledInWindow(call, this.#now()),
      disconnected: () => {
        const { policy } = this.#bucket?.limiter ?? call;
        this.#arrivals.leftWindow(call, policy.maxWaitMs, nowMs);
      },
    });
  }

  /**
   * Cancels the acquire with this key. All its requests get the answer `cancelled`, and waiters behind it
   * move up in this turn. Returns whether it was waiting; `false` if it has been granted or isn't known. Takes
   * no tokens and does not start the bucket. An acquire whose connection has broken counts as waiting, and
   * can't come back: any request with the same key in the next 10 seconds is answered `cancelled`, unless the
   * key has been granted already.
   */
  cancel(key: string): boolean {
    const nowMs = this.#now();
    const caller = this.#keyed.waiting(key);
    // In a batch: it is settled already, and its answer is on its way.
    if (caller && !(caller.waiter && this.#bucket?.limiter.isWaiting(caller.waiter))) return false;
    // If nothing has been granted there are no keys on disk to read, and there may be no disk yet.
    const limiter = this.#bucket?.limiter;
    const hasGranted = limiter && limiter.inspect(nowMs).granted > 0;
    if (!caller && hasGranted && this.#keyed.isGranted(key, limiter, nowMs)) return false;
    const absent = this.#keyed.cancel(key, nowMs);
    this.#arrivals.cancelled((caller ?? absent)?.placeId, nowMs);
    const wasHeldBack = this.#recoveryWindow?.cancel(key) ?? false;
    if (this.#bucket && caller?.waiter) {
      const { waiter } = caller;
      this.#arrivals.giveUpPlace(caller);
      this.#finish(this.#bucket, this.#bucket.limiter.cancel(waiter, nowMs), nowMs);
      this.#settle(caller, { kind: "cancelled" });
      return true;
    }
    return wasHeldBack || absent !== undefined;
  }

  /**
   * Runs many calls as one turn: they are written once, and answered once all of them have been decided. What
   * they return is decided already. `run` must not throw, and must not reset the bucket.
   *
   * @throws {RangeError} As `acquire` does. Nothing has run then.
   */
  batch(name: string, configured: NamedPolicyFields, run: () => void): void {
    const nowMs = this.#now();
    const bucket = this.#open(name, configured, nowMs);
    this.#batchAtMs = nowMs;
    bucket.limiter.beginBatch();
    try {
      run();
    } finally {
      this.#batchAtMs = undefined;
      this.#finish(bucket, bucket.limiter.endBatch(nowMs), nowMs);
    }
  }

  /** The alarm has fired: what is due is done, or the bucket is forgotten. */
  alarm(): void {
    const nowMs = this.#now();
    this.#madeWakeTimer().alarmFired(nowMs);
    const bucket = this.#recoveryWindow?.isOpen(nowMs) ? undefined : this.#bucket;
    if (!bucket || !this.#forgetting?.isDue(bucket, nowMs)) this.#advance();
    else this.reset().catch(() => this.#platform.abort(UNWRITABLE));
  }

  /**
   * The bucket's current state. Takes no tokens and does not start the bucket. If the configured policy has
   * changed, it is applied first, and waiters are rescheduled.
   */
  inspect(name: string, configured: NamedPolicyFields): BucketSnapshot {
    const nowMs = this.#now();
    return this.#snapshotOf(this.#open(name, configured, nowMs), nowMs);
  }

  /** `inspect`, plus what the bucket has done since it started. */
  stats(name: string, configured: NamedPolicyFields): BucketStats {
    const nowMs = this.#now();
    const bucket = this.#open(name, configured, nowMs);
    const { limiter } = bucket;
    const { headQueuedAtMs } = limiter;
    return { snapshot: this.#snapshotOf(bucket, nowMs), tally: limiter.stats(), headQueuedAtMs };
  }

  /**
   * The bucket's current state. Unlike `inspect` this changes nothing: it shows the policy in force. An
   * unused bucket is shown as it would start under `configured`.
   */
  peek(name: string, configured: NamedPolicyFields): BucketSnapshot {
    const nowMs = this.#now();
    return this.#snapshotOf(this.#bucket ?? newBucket(name, configured, this.#platform), nowMs);
  }

  /**
   * Sends all further events to `observer`, which replaces the previous one; `undefined` stops them. Requests
   * are numbered from `lastId + 1`.
   */
  observe(observer: BucketObserver | undefined, lastId = 0): void {
    (this.#events ??= new EventFeed()).observe(observer, lastId);
  }

  /** So many requests of sessions wait. If nobody else does, the object may sleep. */
  sessionsWait(requests: number): void {
    this.#sessionRequests = requests;
    if (requests === 0) this.#busy.sessionsDone();
  }

  /** A session has opened or closed: there are `count` now. The observer sees it in the next snapshot. */
  sessionsChanged(count: number): void {
    this.#sessions = count;
    this.#events?.turned(undefined, this.#now());
  }

  /**
   * See `Limiter.lend`. Also lends nothing while callers who lost their places are coming back, and once the
   * process is about to end, which would lose the lease. An isolate that only reports may belong to an
   * earlier deployment, so its policy is not applied.
   */
  lend(name: string, configured: NamedPolicyFields, ask: LeaseAsk): LeaseAnswer {
    const nowMs = this.#now();
    const isReport = ask.wanted === 0;
    const bucket = (isReport && this.#bucket) || this.#open(name, configured, nowMs);
    const lendsNothing = this.#isClosed || this.#recoveryWindow?.isOpen(nowMs) === true;
    const turn = bucket.limiter.lend(lendsNothing ? { ...ask, wanted: 0 } : ask, nowMs);
    this.#finish(bucket, turn, nowMs);
    return { ...(turn.lease && { lease: turn.lease }), bucket: this.#snapshotOf(bucket, nowMs) };
  }

  /** What operators do. Not within a batch. */
  get operators(): OperatorCalls {
    return (this.#operators ??= new OperatorCalls(this.#platform, this.#arrivals, {
      now: () => this.#now(),
      bucket: () => this.#bucket,
      open: (name, configured, nowMs) => this.#open(name, configured, nowMs),
      finish: (bucket, turn, nowMs) => this.#finish(bucket, turn, nowMs),
      settle: (caller, answer) => this.#settle(caller, answer),
      setPolicy: (bucket, policy, nowMs) => this.#setPolicy(bucket, policy, nowMs),
      snapshotOf: (bucket, nowMs) => this.#snapshotOf(bucket, nowMs),
    }));
  }

  /** See `Limiter.pause`. Like an acquire, this starts the bucket, unless the pause names an unknown limit. */
  pause(name: string, configured: NamedPolicyFields, pause: Pause): PauseAnswer {
    const { limits } = pause;
    return this.#runNamed(name, configured, limits, (limiter, nowMs) =>
      limiter.pause(pause, nowMs),
    );
  }

  /** See `Limiter.resume`. */
  resume(name: string, configured: NamedPolicyFields, limits?: readonly string[]): PauseAnswer {
    return this.#runNamed(name, configured, limits, (limiter, nowMs) => {
      return limiter.resume(nowMs, limits);
    });
  }

  /**
   * See `Limiter.changeHold`. If the id isn't known, nothing is written and no bucket is started; so with the
   * other calls of holders.
   */
  changeHold(name: string, configured: NamedPolicyFields, id: string, call: HoldCall): HoldAnswer {
    return this.#runHeld(name, configured, (limiter, nowMs) => {
      const errors = holdCallFaults(limiter.policy, call);
      if (errors.length > 0)
        return { turn: limiter.advance(nowMs), answer: { kind: "invalid", errors } };
      return limiter.changeHold(id, call, nowMs);
    });
  }

  /** See `Limiter.dropHold`. */
  dropHold(name: string, configured: NamedPolicyFields, id: string): HoldAnswer {
    return this.#runHeld(name, configured, (limiter, nowMs) => limiter.dropHold(id, nowMs));
  }

  /** See `Limiter.extendPermit`. */
  extendPermit(
    name: string,
    configured: NamedPolicyFields,
    id: string,
    sessionId?: string,
  ): PermitAnswer {
    return this.#runHeld(name, configured, (limiter, nowMs) => {
      return limiter.extendPermit(id, nowMs, sessionId);
    });
  }

  /** See `Limiter.endSessions`. Does nothing if the policy has no permits. */
  endSessions(isOver: (sessionId: string) => boolean): void {
    const bucket = this.#bucket;
    if (!bucket?.limiter.policy.concurrency) return;
    const nowMs = this.#now();
    this.#finish(bucket, bucket.limiter.endSessions(isOver, nowMs), nowMs);
  }

  /** See `Limiter.releasePermit`. */
  releasePermit(name: string, configured: NamedPolicyFields, id: string): void {
    this.#runHeld(name, configured, (limiter, nowMs) => {
      return { turn: limiter.releasePermit(id, nowMs), answer: undefined };
    });
  }

  /**
   * Refuses all waiters with `bucket-reset`, and forgets everything: tokens, counts, override, keys, holds, permits.
   * Resolves once the disk is empty.
   */
  async reset(): Promise<void> {
    const nowMs = this.#now();
    const bucket = this.#bucket;
    const turn = bucket?.limiter.reset(nowMs);
    this.#lastFence = bucket?.limiter.lastFence ?? this.#lastFence;
    this.#bucket = undefined;
    this.#fault = undefined;
    this.#wakeTimer?.arm(undefined, nowMs);
    const erased = this.#platform.disk.erase();
    this.#wakeTimer?.forgetAlarm();
    this.#journal.forget();
    this.#forgetting = undefined;
    this.#keyed.forgetAll();
    this.#arrivals.forgetAll();
    if (bucket) this.#busy.reset(bucket.name);
    if (bucket && turn) this.#answer(bucket, turn, nowMs);
    this.#events?.turned(turn, nowMs);
    this.#recoveryWindow?.rejectAll("reset");
    await erased;
    if (bucket?.isOverridden) this.#platform.directory?.noteOverride(bucket.name, undefined);
  }

  /** Answers every further acquire with `unavailable`, because the process is about to end. */
  close(): void {
    this.#isClosed = true;
  }

  /**
   * Closes, and gives all waiters the same answer. They have taken nothing and have left the queue, so the
   * next instance need not wait for them to come back. Those of sessions, which must be closed by then, do come back:
   * for them an alarm stays armed.
   */
  shutDown(): void {
    this.close();
    const nowMs = this.#now();
    this.#recoveryWindow?.rejectAll("unavailable");
    this.#keyed.forgetAbsent();
    const bucket = this.#bucket;
    if (!bucket) return;
    this.#finish(bucket, bucket.limiter.rejectAll(nowMs), nowMs);
    if (this.#sessionRequests > 0) this.#madeWakeTimer().arm(nowMs + 1, nowMs, true);
  }

  #snapshotOf(bucket: OpenBucket, nowMs: number): BucketSnapshot {
    return snapshotOf(bucket, nowMs, this.#sessions);
  }

  #setPolicy({ limiter }: OpenBucket, policy: Policy, nowMs: number): Turn<Caller> {
    return limiter.setPolicy(policy, nowMs, ({ call }) => costOf(policy.limits, call));
  }

  /** One turn about the limits called `names`, all of which there must be. */
  #runNamed(
    name: string,
    configured: NamedPolicyFields,
    names: readonly string[] = [],
    verb: (limiter: Limiter<Caller>, nowMs: number) => Turn<Caller>,
  ): PauseAnswer {
    const nowMs = this.#now();
    const bucket = this.#open(name, configured, nowMs);
    const errors = unknownLimits(bucket.limiter.policy.limits, names, "limits");
    if (errors.length > 0) return { errors };
    this.#finish(bucket, verb(bucket.limiter, nowMs), nowMs);
    return this.#snapshotOf(bucket, nowMs);
  }

  /** One turn of somebody who holds tokens or a permit. */
  #runHeld<Answer>(
    name: string,
    configured: NamedPolicyFields,
    verb: (limiter: Limiter<Caller>, nowMs: number) => HolderTurn<Caller, Answer>,
  ): Answer {
    const nowMs = this.#now();
    const bucket = this.#open(name, configured, nowMs);
    const { turn, answer } = verb(bucket.limiter, nowMs);
    this.#finish(bucket, turn, nowMs);
    return answer;
  }

  /**
   * Whether a call had a place in a queue that was lost: it is requeued, or has a ticket. As a first call, it means
   * that others may be on their way.
   */
  #isLost(call: AcquireCall, nowMs: number): boolean {
    if (call.requeued) return true;
    if (call.ticket === undefined || this.#fault !== undefined) return false;
    const place = this.#arrivals.presentedPlace(call);
    return place !== undefined && nowMs <= place.arrival.deadlineAtMs;
  }

  /** The bucket that admits `call`. */
  #bucketFor(call: AcquireCall, nowMs: number): OpenBucket {
    this.#hasAdmitted = true;
    // The Worker of an earlier deployment requeues callers with the policy of that time.
    return (call.requeued && this.#bucket) ?? this.#open(call.bucket, call.policy, nowMs);
  }

  /** Gives `answer` to all requests of `caller`. */
  #settle(caller: Caller, answer: AcquireAnswer): void {
    this.#arrivals.giveUpPlace(caller);
    const { requests } = caller;
    caller.requests = [];
    for (const request of requests) request.answered(answer);
  }

  #advance(): void {
    const nowMs = this.#now();
    if (this.#bucket) this.#finish(this.#bucket, this.#bucket.limiter.advance(nowMs), nowMs);
  }

  /** The time is read once a turn, and a batch is one. */
  #now(): number {
    return this.#batchAtMs ?? this.#platform.clock.now();
  }

  /** The second half of a turn: arm, write, answer. */
  #finish(bucket: OpenBucket, turn: Turn<Caller>, nowMs: number): void {
    // If the bucket was reset in the meantime, the reset has settled its requests.
    if (bucket !== this.#bucket) return;
    if (this.#batchAtMs === undefined) this.#carryOut(bucket, turn, nowMs);
    this.#arrivals.turned(bucket, turn, nowMs);
    if (this.#batchAtMs === undefined) this.#events?.turned(turn, nowMs);
    else this.#events?.turnedInBatch(turn, nowMs);
  }

  #carryOut(bucket: OpenBucket, turn: Turn<Caller>, nowMs: number): void {
    if (turn.write) this.#forgettingOf(bucket)?.written(bucket, turn.write, nowMs);
    const idleAtMs = this.#forgetting?.alarmAtMs;
    const isArmed = turn.wakeAtMs !== undefined || idleAtMs !== undefined;
    const timer = isArmed ? this.#madeWakeTimer() : this.#wakeTimer;
    timer?.arm(turn.wakeAtMs, nowMs, this.#onlySessionsWait(bucket, turn), idleAtMs);
    this.#write(bucket, turn, nowMs);
    // The unused part of a write-ahead batch is returned when the bucket goes quiet.
    if (turn.flushInMs !== undefined) this.#flushTimer.set(Math.max(1, turn.flushInMs));
    this.#answer(bucket, turn, nowMs);
    if (nowMs >= this.#busy.dueAtMs) this.#busy.turned(bucket, turn, nowMs);
  }

  /** Whether no request over HTTP waits, and nothing else is lost if the object leaves memory. */
  #onlySessionsWait({ limiter }: OpenBucket, { settled, cancelled }: Turn<Caller>): boolean {
    // A request over HTTP pays for no more than this.
    if (this.#sessionRequests === 0 || limiter.isOwing) return false;
    // Those that the turn has settled are still counted, as they aren't answered yet.
    let requests = this.#sessionRequests - (cancelled ? sessionRequests(cancelled.caller) : 0);
    for (const { caller } of settled) requests -= sessionRequests(caller);
    return limiter.waiters <= requests;
  }

  #madeWakeTimer(): WakeTimer {
    const { alarms, clock } = this.#platform;
    return (this.#wakeTimer ??= new WakeTimer(alarms, clock, () => this.#advance()));
  }

  #forgettingOf({ limiter }: OpenBucket): Forgetting | undefined {
    if (limiter.policy.forgetAfterMs === undefined) return this.#forgetting;
    return (this.#forgetting ??= new Forgetting(this.#platform));
  }

  #write(bucket: OpenBucket, turn: Turn<Caller>, nowMs: number): void {
    try {
      if (turn.write) this.#journal.write(bucket, turn.write, turn.rows, this.#forgetting?.fromMs);
      let hasKeys = false;
      for (const { caller, outcome } of turn.settled) {
        if (!outcome.ok) continue;
        this.#arrivals.granted(caller, outcome, nowMs);
        hasKeys ||= caller.call.idempotencyKey !== undefined;
      }
      if (hasKeys) this.#keyed.settled(turn.settled, nowMs);
    } catch (error) {
      // Memory is ahead of the disk: start again from the disk, and let the Worker requeue all waiters.
      this.#platform.abort(UNWRITABLE);
      // No caller may hear of what isn't written, whether or not the abort ends this turn here.
      throw error;
    }
  }

  #answer(bucket: OpenBucket, turn: Turn<Caller>, nowMs: number): void {
    if (turn.settled.length === 0) return;
    // One turn reads the bucket's state once, however many callers it settles.
    const seen = stateOf(bucket, nowMs);
    for (const { caller, outcome } of turn.settled) {
      const { call: asked, timeoutMs } = caller;
      if (!outcome.ok && outcome.reason === "unavailable")
        this.#settle(caller, { kind: "unavailable" });
      else this.#settle(caller, { kind: "outcome", outcome, bucket: seen, asked, timeoutMs });
    }
    if (this.#platform.granted) {
      const grants = turn.settled.map(({ outcome }) => outcome).filter((outcome) => outcome.ok);
      if (grants.length > 0) this.#platform.granted(seen, grants);
    }
  }

  #load(): void {
    this.#fault = undefined;
    try {
      this.#bucket = this.#journal.read();
      if (!this.#bucket) return;
      this.#platform.clock.notBefore?.(this.#bucket.limiter.passedAtMs ?? 0);
      this.#forgettingOf(this.#bucket)?.loaded(this.#bucket, this.#journal.forgetAtMs);
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      this.#fault = new RangeError(`${UNREADABLE_STATE}: ${detail}`, { cause });
    }
  }

  /** The bucket, under the configured policy unless it has an override. */
  #open(name: string, configured: NamedPolicyFields, nowMs: number): OpenBucket {
    if (this.#fault !== undefined) this.#load();
    if (this.#fault !== undefined) throw this.#fault;
    const bucket = (this.#bucket ??= newBucket(name, configured, this.#platform, this.#lastFence));
    // Acquires come with the same object as long as the configuration is the same.
    if (bucket.configured === configured) return bucket;
    const { name: policyName, ...fields } = configured;
    bucket.configured = configured;
    bucket.policyName = policyName;
    if (!bucket.isOverridden && !bucket.limiter.policy.equals(fields)) {
      const turn = this.#setPolicy(bucket, Policy.of(fields, this.#platform.timeZones), nowMs);
      this.#finish(bucket, turn, nowMs);
    }
    return bucket;
  }
}

function sessionRequests({ requests }: Caller): number {
  return requests.filter(({ sessionId }) => sessionId !== undefined).length;
}
