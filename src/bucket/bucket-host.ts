/**
 * The owner of a bucket's limiter, and of all that the limiter must not have: the clock (read once a
 * turn), those who wait to be told, the disk and the daemon. It knows no platform. What it needs of one
 * is handed in, so that a simulator can fail each piece of it at any point, and let time pass.
 *
 * **A turn** always goes the same way: the core decides, the next alarm is armed, what has to be
 * durable is written, the callers are told. All writes of a turn are one commit, and the platform must
 * hold every answer back until it is on the disk. Waiters are not written. They live as long as the
 * requests that wait for them, and when the instance is reset the Worker, which holds those requests,
 * puts them back.
 *
 * **Coming up** follows the lesson of the factory that starts its daemon only when the filter is
 * built: the constructor loads the state and arms nothing. An alarm that is found armed tells that
 * callers were waiting when the predecessor went. They will be back within moments but in any order,
 * so for a short while all who come are gathered, and only then let in, in the order in which they
 * first arrived. Where the alarm had not reached the disk, the first caller tells as much, if it is one
 * that was put back.
 */
import type { LeaseAsk } from "../core/lease/lease.ts";
import type { AcquireAnswer, BucketState } from "../answers/acquire-answer.ts";
import type { BucketObserver, BucketPlatform, BucketRecord } from "./platform.ts";
import type { Turn } from "../core/limiter.ts";
import type { Pause } from "../core/pause.ts";
import type { Waiter } from "../core/queue/waiter-queue.ts";
import type {
  AcquireCall,
  BucketSnapshot,
  BucketStats,
  HeldPlace,
  LeaseAnswer,
  NamedPolicyFields,
  PolicyChange,
  WatchEvent,
} from "../protocol/messages.ts";
import type { RejectReason } from "./recovery-window.ts";
import type { Arrival } from "./absent-callers.ts";
import type { Asked } from "./idempotency-store.ts";

import { Limiter } from "../core/limiter.ts";
import { Policy, integerFault } from "../core/policy.ts";
import { AbsentCallers } from "./absent-callers.ts";
import { WakeTimer } from "./wake-timer.ts";
import { RecoveryWindow } from "./recovery-window.ts";
import { IdempotencyStore, isSameAsked } from "./idempotency-store.ts";
import { PositionFeed } from "./position-feed.ts";
import { UNREADABLE_STATE, UNWRITABLE } from "../wire/failures.ts";
import { CoalescingTimer } from "./coalescing-timer.ts";

/** How the state is written; a later format has to read what this one wrote. */
const FORMAT = 4;
/** Format 3 is the same without a pause, 2 without leases, and 1 with tokens never below 0. */
const READABLE_FORMATS = [1, 2, 3, FORMAT];

/**
 * Requests that may wait in one place, under one key: a caller and its retries. Each is a held request,
 * and `queueLimit` counts places.
 */
const MAX_REQUESTS_PER_PLACE = 8;

/** Removes a waiting request. Does nothing once the request has been answered or removed. */
export type Leave = () => void;

/** A request that is held until there is an answer for it. */
export interface HeldRequest {
  /** Called with the result, once at most, and never after the request has left. */
  readonly answered: (answer: AcquireAnswer) => void;
  /**
   * Called with its place in the queue when the request starts to wait and whenever that changes; not
   * after it has been answered or has left.
   */
  readonly moved?: (place: HeldPlace) => void;
}

/** One place in the queue, and the requests that stand in it: several where they have the same key. */
class Caller {
  readonly call: AcquireCall;
  readonly timeoutMs: number;
  readonly requests = new Set<HeldRequest>();
  /** While it waits. */
  waiter: Waiter<Caller> | undefined = undefined;
  /** Names it to who watches, once there is something to tell. */
  watchId: number | undefined = undefined;

  constructor(call: AcquireCall, timeoutMs: number, first: HeldRequest) {
    this.call = call;
    this.timeoutMs = timeoutMs;
    this.requests.add(first);
  }
}

interface OpenBucket {
  readonly name: string;
  readonly limiter: Limiter<Caller>;
  policyName: string;
  isOverridden: boolean;
}

/** One bucket's limiter, kept. */
export class BucketHost {
  readonly #platform: BucketPlatform;
  readonly #daemon: WakeTimer;
  readonly #idempotency: IdempotencyStore;
  /** Those who wait under a key. */
  readonly #keyedCallers = new Map<string, Caller>();
  /** Keys of those who left lately or were cancelled. */
  readonly #absent = new AbsentCallers();
  readonly #places: PositionFeed<Caller>;
  readonly #checkpointTimer: CoalescingTimer;
  #bucket: OpenBucket | undefined = undefined;
  /** Why what is on the disk cannot be read: while that is so, every call but a reset fails with it. */
  #fault: unknown = undefined;
  /** Open for a moment after callers have lost their places. */
  #recoveryWindow: RecoveryWindow | undefined = undefined;
  /** Whether this instance has admitted a request. */
  #hasAdmitted = false;
  #observer: BucketObserver | undefined = undefined;
  #lastWatchId = 0;
  /** Once the process is about to end. */
  #isClosed = false;

  constructor(platform: BucketPlatform) {
    this.#platform = platform;
    const { alarms, clock, disk } = platform;
    this.#daemon = new WakeTimer(alarms, clock, () => this.#advance());
    this.#idempotency = new IdempotencyStore(disk.keyedGrants);
    this.#places = new PositionFeed(clock);
    this.#checkpointTimer = new CoalescingTimer(clock, () => this.#advance());
    this.#load();
  }

  /** Places that are taken in the queue. */
  get waiters(): number {
    return this.#bucket?.limiter.waiters ?? 0;
  }

  /** Whether somebody waits to be told. */
  get isAwaited(): boolean {
    return this.waiters > 0 || this.#recoveryWindow !== undefined;
  }

  /** An alarm was found armed: callers were waiting when the predecessor went. To be called first. */
  recover(alarmAtMs: number): void {
    this.#daemon.adoptAlarm(alarmAtMs);
    this.#recoveryWindow = new RecoveryWindow(this.#platform.clock);
  }

  /**
   * Asks for tokens. `request.answered` is called within this call or, if the request has to wait, later;
   * then a function is returned that removes the request.
   *
   * @throws {RangeError} Where the state on the disk cannot be read; nothing is known of the bucket then,
   * and this holds for the other verbs but `reset`, too.
   */
  acquire(call: AcquireCall, request: HeldRequest): Leave | undefined {
    const nowMs = this.#platform.clock.now();
    if (call.returnedLeases && this.#bucket) {
      this.#finish(this.#bucket, this.#bucket.limiter.settle(call.returnedLeases, nowMs), nowMs);
    }
    if (this.#isClosed) {
      request.answered({ kind: "unavailable" });
      return undefined;
    }
    if (!this.#hasAdmitted && call.requeued)
      this.#recoveryWindow ??= new RecoveryWindow(this.#platform.clock);
    if (this.#fault !== undefined || !this.#recoveryWindow?.isOpen(nowMs)) {
      this.#recoveryWindow = undefined;
      return this.#admit(call, 0, request, nowMs);
    }
    let isHeld = true;
    /** Answers whether it was held until now. */
    const release = (): boolean => {
      const wasHeld = isHeld;
      isHeld = false;
      return wasHeld;
    };
    let leavePlace: Leave | undefined;
    const admit = (admittedAtMs: number): void => {
      const heldMs = Math.max(0, admittedAtMs - nowMs);
      if (release()) leavePlace = this.#admit(call, heldMs, request, admittedAtMs);
    };
    const reject = (kind: RejectReason): boolean => {
      const wasHeld = release();
      if (wasHeld) request.answered({ kind });
      return wasHeld;
    };
    const { requeued, idempotencyKey: key } = call;
    const { arrivedAtMs: firstArrivalMs, spreadMs } = requeued ?? {};
    this.#recoveryWindow.hold({ firstArrivalMs, spreadMs, key, admit, reject }, nowMs);
    return () => {
      if (release()) this.#leaveDoor(call, nowMs);
      else leavePlace?.();
    };
  }

  /**
   * Cancels the acquire with this key: all its requests are told so, and those behind it move up in this
   * turn. Answers whether it waited; `false` where it is granted already, or not known. Takes nothing and
   * starts nothing. One that is away counts as waiting, and does not come back: whatever comes with the same
   * key in the next 10 seconds is told that it is cancelled, unless it is granted already.
   */
  cancel(key: string): boolean {
    const nowMs = this.#platform.clock.now();
    const caller = this.#keyedCallers.get(key);
    // Where nothing has been granted there is nothing to read on the disk, and maybe no disk yet.
    const hasGranted = Number(this.#bucket?.limiter.inspect(nowMs).granted) > 0;
    if (!caller && hasGranted && this.#idempotency.find(key, nowMs)) return false;
    const wasAway = this.#absent.cancel(key, nowMs);
    const wasGathered = this.#recoveryWindow?.cancel(key) ?? false;
    if (this.#bucket && caller?.waiter) {
      const { waiter } = caller;
      this.#giveUpPlace(caller);
      this.#finish(this.#bucket, this.#bucket.limiter.cancel(waiter, nowMs), nowMs);
      this.#settle(caller, { kind: "cancelled" });
      return true;
    }
    return wasGathered || wasAway;
  }

  /** The alarm has fired: the daemon's tick. */
  alarm(): void {
    this.#daemon.alarmFired(this.#platform.clock.now());
    this.#advance();
  }

  /**
   * What the bucket looks like. Takes nothing and starts nothing; where the configured policy has
   * changed, those who wait are timed anew first.
   */
  inspect(name: string, configured: NamedPolicyFields): BucketSnapshot {
    const nowMs = this.#platform.clock.now();
    return snapshot(this.#open(name, configured, nowMs), nowMs);
  }

  /** `inspect`, and what the bucket has done since it started. */
  stats(name: string, configured: NamedPolicyFields): BucketStats {
    const nowMs = this.#platform.clock.now();
    const bucket = this.#open(name, configured, nowMs);
    return { snapshot: snapshot(bucket, nowMs), tally: bucket.limiter.stats() };
  }

  /**
   * What the bucket looks like. Unlike `inspect` it changes nothing: the policy is the one in force. A
   * bucket that is not there looks as it would start under `configured`.
   */
  peek(name: string, configured: NamedPolicyFields): BucketSnapshot {
    const nowMs = this.#platform.clock.now();
    return snapshot(this.#bucket ?? unopened(name, configured), nowMs);
  }

  /**
   * Tells `observer`, and no other, what happens from now on; nobody, where it is `undefined`. Requests
   * are named by numbers that follow `lastId`.
   */
  observe(observer: BucketObserver | undefined, lastId = 0): void {
    this.#observer = observer;
    this.#lastWatchId = Math.max(this.#lastWatchId, lastId);
  }

  /**
   * See `Limiter.lend`. Lends nothing, either, while callers who lost their places come back, and once the
   * process is about to end, with which the lease would be lost. An isolate that only reports may be of an
   * earlier deployment: it does not bring the policy of that time back.
   */
  lend(name: string, configured: NamedPolicyFields, ask: LeaseAsk): LeaseAnswer {
    const nowMs = this.#platform.clock.now();
    const isReport = ask.wanted === 0;
    const bucket = (isReport && this.#bucket) || this.#open(name, configured, nowMs);
    const lendsNothing = this.#isClosed || this.#recoveryWindow?.isOpen(nowMs) === true;
    const turn = bucket.limiter.lend(lendsNothing ? { ...ask, wanted: 0 } : ask, nowMs);
    this.#finish(bucket, turn, nowMs);
    return { ...(turn.lease && { lease: turn.lease }), bucket: snapshot(bucket, nowMs) };
  }

  /** Lays `changes` over the bucket's policy and keeps the result as its own, for good. */
  changePolicy(
    name: string,
    configured: NamedPolicyFields,
    changes: Readonly<Record<string, unknown>>,
  ): PolicyChange {
    const nowMs = this.#platform.clock.now();
    const bucket = this.#open(name, configured, nowMs);
    const check = Policy.check(bucket.limiter.policy.merge(changes));
    if (!check.ok) return { ok: false, errors: check.faults };
    if (Object.keys(changes).length > 0) {
      bucket.isOverridden = true;
      this.#finish(bucket, bucket.limiter.setPolicy(check.policy, nowMs), nowMs);
    }
    return { ok: true, snapshot: snapshot(bucket, nowMs) };
  }

  /** See `Limiter.pause`. Like an acquire, it starts the bucket. */
  pause(name: string, configured: NamedPolicyFields, pause: Pause): BucketSnapshot {
    return this.#turnOf(name, configured, (limiter, nowMs) => limiter.pause(pause, nowMs));
  }

  /** See `Limiter.resume`. */
  resume(name: string, configured: NamedPolicyFields): BucketSnapshot {
    return this.#turnOf(name, configured, (limiter, nowMs) => limiter.resume(nowMs));
  }

  /**
   * Refuses all who wait with `bucket-reset`, and forgets everything: tokens, counts, override, keys.
   * Resolves when it is gone from the disk.
   */
  async reset(): Promise<void> {
    const nowMs = this.#platform.clock.now();
    const bucket = this.#bucket;
    const turn = bucket?.limiter.reset();
    this.#bucket = undefined;
    this.#fault = undefined;
    this.#daemon.arm(undefined, nowMs);
    const erased = this.#platform.disk.erase();
    this.#daemon.forgetAlarm();
    this.#idempotency.forgetAll();
    this.#absent.forgetAll();
    if (bucket && turn) this.#answer(bucket, turn, nowMs);
    this.#observer?.turned(this.#eventsOf(turn ?? { settled: [] }, nowMs));
    this.#recoveryWindow?.rejectAll("reset");
    await erased;
  }

  /** Tells whoever asks from now on that the bucket is `unavailable`, because its process ends. */
  close(): void {
    this.#isClosed = true;
  }

  /**
   * Closes, and tells the same to all who wait. They have taken nothing and stand in no queue any more: the
   * next instance need not gather them.
   */
  shutDown(): void {
    this.close();
    const nowMs = this.#platform.clock.now();
    this.#recoveryWindow?.rejectAll("unavailable");
    this.#absent.forgetAll();
    const bucket = this.#bucket;
    if (!bucket) return;
    this.#finish(bucket, bucket.limiter.rejectAll(), nowMs);
  }

  #turnOf(
    name: string,
    configured: NamedPolicyFields,
    verb: (limiter: Limiter<Caller>, nowMs: number) => Turn<Caller>,
  ): BucketSnapshot {
    const nowMs = this.#platform.clock.now();
    const bucket = this.#open(name, configured, nowMs);
    this.#finish(bucket, verb(bucket.limiter, nowMs), nowMs);
    return snapshot(bucket, nowMs);
  }

  /** @param heldMs How long the request was held at the door; it counts against its timeout. */
  #admit(
    call: AcquireCall,
    heldMs: number,
    request: HeldRequest,
    nowMs: number,
  ): Leave | undefined {
    this.#hasAdmitted = true;
    // A caller put back by the Worker of an earlier deployment brings the policy of that time.
    const bucket = (call.requeued && this.#bucket) ?? this.#open(call.bucket, call.policy, nowMs);
    const { limiter } = bucket;
    const { maxWaitMs } = limiter.policy;
    const { tokens, timeoutMs = maxWaitMs, requeued, idempotencyKey } = call;
    if (idempotencyKey !== undefined) {
      const known = this.#joinKnown(idempotencyKey, call, bucket, request, nowMs);
      if (known) return known.leave;
    }
    if (timeoutMs > maxWaitMs && !requeued) {
      const errors = [integerFault("timeoutMs", timeoutMs, { min: 0, max: maxWaitMs })];
      request.answered({ kind: "invalid", errors });
      return undefined;
    }
    const caller = new Caller(call, timeoutMs, request);
    const leftMs = Math.max(0, timeoutMs - heldMs - (requeued?.elapsedMs ?? 0));
    const place = requeued && { firstArrivalMs: requeued.arrivedAtMs };
    const turn = limiter.acquire({ caller, tokens, timeoutMs: leftMs, ...place }, nowMs);
    return this.#arrive(bucket, caller, turn, { request, nowMs });
  }

  /** The second half of an arrival: `caller` has been settled by `turn`, or waits. */
  #arrive(
    bucket: OpenBucket,
    caller: Caller,
    turn: Turn<Caller>,
    { request, nowMs }: { readonly request: HeldRequest; readonly nowMs: number },
  ): Leave | undefined {
    const { idempotencyKey } = caller.call;
    caller.waiter = turn.waiter;
    if (idempotencyKey !== undefined) {
      this.#absent.arrive(idempotencyKey);
      if (turn.waiter) this.#keyedCallers.set(idempotencyKey, caller);
    }
    this.#finish(bucket, turn, nowMs);
    return turn.waiter && this.#wait(bucket, caller, request, nowMs);
  }

  /**
   * Answers a request whose key is known, lets it join the one that waits under it, or back in where that
   * one is away; `undefined` where the key is new.
   */
  #joinKnown(
    key: string,
    call: AcquireCall,
    bucket: OpenBucket,
    request: HeldRequest,
    nowMs: number,
  ): { leave: Leave | undefined } | undefined {
    if (this.#absent.isCancelled(key, nowMs)) {
      request.answered({ kind: "cancelled" });
      return { leave: undefined };
    }
    const keyed = this.#idempotency.find(key, nowMs);
    const caller = this.#keyedCallers.get(key);
    // One that is put back goes by its own arrival.
    const away = call.requeued ? undefined : this.#absent.find(key, nowMs);
    const asked = keyed?.asked ?? caller?.call ?? away?.asked;
    if (!asked) return undefined;
    if (!isSameAsked(asked, call)) {
      request.answered({ kind: "key-reused", key });
    } else if (keyed) {
      request.answered({ kind: "replay", grant: keyed.grant, bucket: stateOf(bucket, nowMs) });
    } else if (caller && caller.requests.size >= MAX_REQUESTS_PER_PLACE) {
      const retryAfterMs = Math.max(1, Number(caller.waiter?.deadlineAtMs) - nowMs);
      const requests = caller.requests.size;
      const seen = stateOf(bucket, nowMs);
      request.answered({ kind: "key-crowded", key, requests, retryAfterMs, bucket: seen });
    } else if (caller) {
      caller.requests.add(request);
      return { leave: this.#wait(bucket, caller, request, nowMs) };
    } else if (away) {
      const { arrival, timeoutMs } = away;
      const returner = new Caller(call, timeoutMs, request);
      const { tokens } = call;
      const turn = bucket.limiter.comeBack({ caller: returner, tokens, ...arrival }, nowMs);
      return { leave: this.#arrive(bucket, returner, turn, { request, nowMs }) };
    }
    return { leave: undefined };
  }

  /** A request has come to wait: tells it where, if it wants to know. */
  #wait(bucket: OpenBucket, caller: Caller, request: HeldRequest, nowMs: number): Leave {
    if (request.moved) this.#places.add(caller, request.moved, bucket.limiter, nowMs);
    return () => this.#leave(bucket, caller, request);
  }

  #leave(bucket: OpenBucket, caller: Caller, request: HeldRequest): void {
    caller.requests.delete(request);
    if (request.moved) this.#places.remove(caller, request.moved);
    const { waiter } = caller;
    if (!waiter || caller.requests.size > 0) return;
    const nowMs = this.#platform.clock.now();
    this.#giveUpPlace(caller);
    const { call, timeoutMs } = caller;
    if (call.idempotencyKey !== undefined) {
      const away = { asked: askedIn(call), timeoutMs, arrival: arrivalOf(waiter) };
      this.#absent.leave(call.idempotencyKey, away, nowMs);
    }
    this.#finish(bucket, bucket.limiter.cancel(waiter, nowMs), nowMs);
  }

  /** A request leaves that was held at the door since `heldFromMs`. */
  #leaveDoor(call: AcquireCall, heldFromMs: number): void {
    const { idempotencyKey, requeued } = call;
    // A newcomer had no place yet.
    if (idempotencyKey === undefined || !requeued) return;
    const { policy } = this.#bucket?.limiter ?? call;
    const { timeoutMs = policy.maxWaitMs } = call;
    const deadlineAtMs = heldFromMs + Math.max(0, timeoutMs - requeued.elapsedMs);
    const arrival = { queuedAtMs: requeued.arrivedAtMs, deadlineAtMs };
    const nowMs = this.#platform.clock.now();
    this.#absent.leave(idempotencyKey, { asked: askedIn(call), timeoutMs, arrival }, nowMs);
  }

  #giveUpPlace(caller: Caller): void {
    const { idempotencyKey } = caller.call;
    caller.waiter = undefined;
    this.#places.forget(caller);
    if (idempotencyKey === undefined) return;
    if (this.#keyedCallers.get(idempotencyKey) === caller)
      this.#keyedCallers.delete(idempotencyKey);
  }

  /** `caller` has its answer: tells all who stand in its place. */
  #settle(caller: Caller, answer: AcquireAnswer): void {
    this.#giveUpPlace(caller);
    for (const { answered } of caller.requests) answered(answer);
    caller.requests.clear();
  }

  #advance(): void {
    const nowMs = this.#platform.clock.now();
    if (this.#bucket) this.#finish(this.#bucket, this.#bucket.limiter.advance(nowMs), nowMs);
  }

  /** The second half of a turn: arm, write, tell. */
  #finish(bucket: OpenBucket, turn: Turn<Caller>, nowMs: number): void {
    // A request of a bucket that was reset in the meantime has been settled by the reset.
    if (bucket !== this.#bucket) return;
    this.#daemon.arm(bucket.limiter.nextWakeAtMs, nowMs);
    this.#write(bucket, turn, nowMs);
    this.#watchCheckpoint(bucket, nowMs);
    this.#answer(bucket, turn, nowMs);
    this.#places.turned(bucket.limiter, turn, nowMs);
    this.#observer?.turned(this.#eventsOf(turn, nowMs));
  }

  #write(bucket: OpenBucket, turn: Turn<Caller>, nowMs: number): void {
    const { limiter, name, policyName, isOverridden } = bucket;
    const state = limiter.checkpoint(nowMs);
    try {
      if (state) {
        const policy = limiter.policy.toJSON();
        const record = { format: FORMAT, name, policyName, policy, isOverridden, limiter: state };
        this.#platform.disk.write(record);
      }
      for (const { caller, outcome } of turn.settled) {
        const { idempotencyKey } = caller.call;
        if (idempotencyKey === undefined || !outcome.ok) continue;
        const asked = askedIn(caller.call);
        this.#idempotency.keep(idempotencyKey, { asked, grant: outcome }, nowMs);
      }
    } catch (error) {
      // Memory is ahead of the disk: start again from the disk, and let the Worker put back all who wait.
      this.#platform.abort(UNWRITABLE);
      // Nobody must be told what is not written, whether or not the abort ends this turn here.
      throw error;
    }
  }

  /** Sees to it that the rest of a batch is given back when the bucket has gone quiet. */
  #watchCheckpoint({ limiter }: OpenBucket, nowMs: number): void {
    const { checkpointAtMs } = limiter;
    if (checkpointAtMs !== undefined)
      this.#checkpointTimer.set(Math.max(1, checkpointAtMs - nowMs));
  }

  #answer(bucket: OpenBucket, turn: Turn<Caller>, nowMs: number): void {
    if (turn.settled.length === 0) return;
    // One turn, one look at the bucket, however many it has settled.
    const seen = stateOf(bucket, nowMs);
    for (const { caller, outcome } of turn.settled) {
      const { call, timeoutMs } = caller;
      const { tokens } = call;
      if (!outcome.ok && outcome.reason === "unavailable")
        this.#settle(caller, { kind: "unavailable" });
      else this.#settle(caller, { kind: "outcome", outcome, bucket: seen, tokens, timeoutMs });
    }
    if (this.#platform.granted) {
      const grants = turn.settled.map(({ outcome }) => outcome).filter((outcome) => outcome.ok);
      if (grants.length > 0) this.#platform.granted(seen, grants);
    }
  }

  #eventsOf({ settled, waiter, cancelled = [] }: Turn<Caller>, nowMs: number): WatchEvent[] {
    const events: WatchEvent[] = [];
    for (const { caller, tokens, queuedAtMs } of cancelled) {
      const waitedMs = Math.max(0, Math.round(nowMs - queuedAtMs));
      const id = this.#watchIdOf(caller);
      events.push({ kind: "cancelled", id, atMs: nowMs, tokens, waitedMs });
    }
    for (const { caller, outcome } of settled) {
      const id = this.#watchIdOf(caller);
      const { tokens } = caller.call;
      if (outcome.ok) {
        const { grantedAtMs: atMs, waitedMs } = outcome;
        events.push({ kind: "granted", id, atMs, tokens, waitedMs });
      } else {
        events.push({ kind: "refused", id, atMs: nowMs, tokens, reason: outcome.reason });
      }
    }
    if (waiter) {
      const { caller, tokens } = waiter;
      events.push({ kind: "queued", id: this.#watchIdOf(caller), atMs: nowMs, tokens });
    }
    return events;
  }

  #watchIdOf(caller: Caller): number {
    caller.watchId ??= this.#lastWatchId += 1;
    return caller.watchId;
  }

  #load(): void {
    this.#fault = undefined;
    try {
      const record = this.#platform.disk.read();
      this.#bucket = record && restore(record);
      if (record) this.#platform.clock.notBefore?.(lastInstantOf(record));
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      this.#fault = new RangeError(`${UNREADABLE_STATE}: ${detail}`, { cause });
    }
  }

  /** The bucket, under the configured policy unless it has one of its own. */
  #open(name: string, configured: NamedPolicyFields, nowMs: number): OpenBucket {
    if (this.#fault !== undefined) this.#load();
    if (this.#fault !== undefined) throw this.#fault;
    const { name: policyName, ...fields } = configured;
    const bucket = (this.#bucket ??= unopened(name, configured));
    bucket.policyName = policyName;
    if (!bucket.isOverridden && !bucket.limiter.policy.equals(fields)) {
      this.#finish(bucket, bucket.limiter.setPolicy(Policy.of(fields), nowMs), nowMs);
    }
    return bucket;
  }
}

/** What the caller itself has asked for. */
function askedIn({ tokens, timeoutMs }: AcquireCall): Asked {
  return { tokens, ...(timeoutMs !== undefined && { timeoutMs }) };
}

/** The waiter without its caller: a handle would keep that in memory. */
function arrivalOf({ queuedAtMs, deadlineAtMs, arrivalNumber }: Waiter<Caller>): Arrival {
  return { queuedAtMs, deadlineAtMs, ...(arrivalNumber !== undefined && { arrivalNumber }) };
}

function unopened(name: string, { name: policyName, ...fields }: NamedPolicyFields): OpenBucket {
  const limiter = new Limiter<Caller>(Policy.of(fields));
  return { name, policyName, limiter, isOverridden: false };
}

function restore(record: BucketRecord): OpenBucket {
  if (!READABLE_FORMATS.includes(record.format)) {
    const readable = READABLE_FORMATS.join(", ");
    throw new RangeError(
      `Cannot read a state of format ${record.format}: formats ${readable} are known`,
    );
  }
  const limiter = Limiter.from<Caller>(Policy.of(record.policy), record.limiter);
  const { name, policyName, isOverridden } = record;
  return { name, policyName, isOverridden, limiter };
}

/** The last tick that had come when the record was written; in a pause they run ahead of the clock. */
function lastInstantOf({ policy, limiter: { bucket } }: BucketRecord): number {
  if (!bucket) return 0;
  const { startedAtMs, tick, pausedUntilMs } = bucket;
  return startedAtMs + (pausedUntilMs === undefined ? tick * policy.refillIntervalMs : 0);
}

function stateOf({ name, policyName, limiter }: OpenBucket, nowMs: number): BucketState {
  return { name, policyName, policy: limiter.policy, view: limiter.inspect(nowMs), nowMs };
}

function snapshot({ name, policyName, limiter }: OpenBucket, nowMs: number): BucketSnapshot {
  return {
    bucket: name,
    policy: { name: policyName, ...limiter.policy.toJSON() },
    ...limiter.inspect(nowMs),
  };
}
