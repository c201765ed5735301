/**
 * The limiter: one bucket, one queue, and the rule that joins them. First come, first served.
 *
 * Every verb is one *turn*. It takes the current instant, does its work, grants everybody whose tokens
 * are there by then, and returns who was settled, in order. Waiters that are due are served before any
 * newcomer. The limiter has no clock, no timer and no promise. Its owner reads the time once per turn,
 * stores what must be stored, answers the callers, and calls `advance` again at `nextWakeAtMs`. That is
 * all a daemon has to do here.
 *
 * **The queue is deterministic**, so the instant of a grant is known when a caller arrives: it is where
 * a copy of the bucket gets to once everybody in front has been served (the *forecast*). A request that
 * would be served too late is refused on arrival and changes nothing. One that is let in needs no timer
 * of its own, because nothing others do can delay it. Leaving only helps those behind: a bucket with
 * more tokens at one tick never has fewer at a later one, whatever is taken.
 *
 * Four things break a forecast, all of them faults or deliberate changes: a daemon so late that ticks
 * overflowed, a caller requeued in front after a reset, a policy change, and a pause. The queue is then
 * timed anew from its head, and a waiter that can no longer be granted in time is refused at once,
 * taking nothing.
 *
 * A caller that left and comes back doesn't break a forecast: it goes where it makes nobody late (see
 * queue/guarded-place.ts). It may move others back, though not past their deadlines.
 *
 * Leases don't break a forecast either. They are given only while nobody waits, and the forecast counts
 * every token on lease as spent when its lease ends, so anything returned earlier only helps. A
 * promised instant is therefore an upper bound.
 *
 * **Cost.** Joining, leaving and granting take constant time. The forecast of the queue's end is kept
 * while callers only join and are granted. After somebody left, the next arrival computes it again.
 * That is one step if nothing is on lease and no waiter is so large that a tick can overflow before it
 * is served (always so if a tick adds one token). Otherwise it is a walk over the queue, because what
 * overflows depends on everybody in front.
 */
import type { Lease, LeaseAsk, LeaseReport } from "./lease/lease.ts";
import type { LimiterReason, Outcome, Refusal } from "./outcome.ts";
import type { Pause } from "./pause.ts";
import type { Policy } from "./policy.ts";
import type { Range } from "./values.ts";
import type { StatsView } from "./stats.ts";
import type { TokenBucketState } from "./limits/token-bucket.ts";
import type { Waiter } from "./queue/waiter-queue.ts";

import { invariants } from "./invariants.ts";
import { leaseEndAtMs } from "./lease/lease.ts";
import { guardedPlace } from "./queue/guarded-place.ts";
import { integerFault, isIntegerWithin } from "./values.ts";
import { WriteAhead } from "./write-ahead.ts";
import { Stats } from "./stats.ts";
import { TokenBucket } from "./limits/token-bucket.ts";
import { WaiterQueue } from "./queue/waiter-queue.ts";

/** The share of the available tokens that one lease may take. */
const LENT_SHARE = 1 / 2;
/** The share of the capacity that all leases together may take. */
const LEASED_SHARE = 1 / 2;

/** One caller's outcome. */
export interface Settlement<Caller> {
  readonly caller: Caller;
  readonly outcome: Outcome;
}

/** Where a waiter stands. */
export interface Place<Caller> {
  readonly waiter: Waiter<Caller>;
  /** 1 is the head: next to be granted. */
  readonly position: number;
  /**
   * When it will be granted as things stand, epoch milliseconds; earlier if leases are returned.
   */
  readonly grantAtMs: number;
}

/** What a turn did. */
export interface Turn<Caller> {
  /** Everybody settled by it, in the order in which to answer them. */
  readonly settled: readonly Settlement<Caller>[];
  /** After `acquire` and `comeBack`: the caller's place, if it has to wait. */
  readonly waiter?: Waiter<Caller>;
  /** After `cancel`: who has left the queue, in queue order. */
  readonly cancelled?: readonly Waiter<Caller>[];
  /** After `lend`: the lease, if one was given. */
  readonly lease?: Lease;
}

/** A caller's request. */
export interface AcquireRequest<Caller> {
  /** Returned in the settlement. */
  readonly caller: Caller;
  /** At least 1. Default: 1. */
  readonly tokens?: number;
  /** 0 (don't wait) to `maxWaitMs`. Default: the policy's `maxWaitMs`. */
  readonly timeoutMs?: number;
  /**
   * For a caller that lost its place with its object: when it first joined, epoch milliseconds. It goes
   * before everybody who joined later. It was let in before, as far as anybody can still tell, so
   * `queueLimit` and `maxWaitMs` don't apply to it.
   */
  readonly firstArrivalMs?: number;
}

/** A bucket's state at an instant. */
export interface LimiterView {
  readonly tokens: number;
  readonly waiters: number;
  /** Tokens that the waiters ask for, together. */
  readonly queuedTokens: number;
  /** The first tick after now; for a paused bucket, the first after the pause. */
  readonly nextTickAtMs: number;
  /** Until when the bucket is paused; absent if it isn't. */
  readonly pausedUntilMs?: number;
  /** Callers granted, refused and cancelled since the bucket started. */
  readonly granted: number;
  readonly refused: number;
  readonly cancelled: number;
  /** Tokens on lease and not settled yet; absent if the policy has no `lease`. */
  readonly leasedTokens?: number;
}

/**
 * What must be durable: everything but the waiters, which are requeued by whatever holds their
 * requests.
 */
export interface LimiterState {
  /** Absent before the first acquire. */
  readonly bucket?: TokenBucketState;
  readonly granted: number;
  readonly refused: number;
  readonly cancelled: number;
  /** Absent if there is nothing to report, and in states from before it was kept. */
  readonly tally?: StatsView;
}

/**
 * A token bucket with a queue, as a pure state machine.
 *
 * @example
 * const limiter = new Limiter<string>(Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1000 }));
 * limiter.acquire({ caller: "Ann" }, 0).settled; // Ann is granted
 * limiter.acquire({ caller: "Bob" }, 0).settled; // []: Bob waits
 * limiter.nextWakeAtMs; // 1000
 * limiter.advance(1000).settled; // Bob is granted
 */
export class Limiter<Caller> {
  #policy: Policy;
  /** `undefined` before the first acquire, and again after a reset. */
  #bucket: TokenBucket | undefined = undefined;
  readonly #queue = new WaiterQueue<Caller>();
  /**
   * The bucket just after the last waiter will have been granted; `undefined` if that isn't known.
   */
  #forecast: TokenBucket | undefined = undefined;
  /**
   * Waiters that may still wait while a tick overflows. If there are none, the forecast is one step.
   */
  #overflowing = 0;
  #granted = 0;
  #refused = 0;
  #cancelled = 0;
  #stats = new Stats();
  /** What the disk knows of the bucket. */
  #writeAhead = new WriteAhead();
  /** Whether something besides tokens must be written: a start, a reset, a new policy. */
  #isChanged = false;

  /** A limiter whose bucket hasn't started yet. */
  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /**
   * The limiter that `checkpoint` or `toJSON` described, under the policy of that time, with nobody
   * waiting. `state` is assumed to be on the disk.
   *
   * @throws {RangeError} If a bucket of this policy can't be in that state.
   */
  static from<Caller>(policy: Policy, state: LimiterState): Limiter<Caller> {
    const limiter = new Limiter<Caller>(policy);
    if (state.bucket) limiter.#bucket = TokenBucket.from(policy, state.bucket);
    limiter.#writeAhead = new WriteAhead(state.bucket?.leased);
    limiter.#granted = state.granted;
    limiter.#refused = state.refused;
    limiter.#cancelled = state.cancelled;
    limiter.#stats = Stats.from(state.tally);
    return limiter;
  }

  /** The policy in force. */
  get policy(): Policy {
    return this.#policy;
  }

  /** The number of waiters. */
  get waiters(): number {
    return this.#queue.size;
  }

  /**
   * When the head of the queue can be granted, epoch milliseconds; `undefined` while nobody waits. The
   * owner calls `advance` then. Late is safe; early changes nothing.
   */
  get nextWakeAtMs(): number | undefined {
    const { head } = this.#queue;
    if (!head || !this.#bucket) return undefined;
    return this.#bucket.timeOf(head.tokens);
  }

  /**
   * When to call `checkpoint` even if nothing happens, epoch milliseconds; `undefined` while the disk
   * is up to date. Late is safe. So is never, but then a crash may lose tokens.
   */
  get checkpointAtMs(): number | undefined {
    return this.#writeAhead.settleAtMs;
  }

  /**
   * What must be on the disk before the outcomes of the turns so far are reported; `undefined` if what
   * is there suffices. The state may count tokens as granted that haven't been yet (see
   * write-ahead.ts). The caller must write it before doing anything else, or discard this limiter.
   */
  checkpoint(nowMs: number): LimiterState | undefined {
    const isChanged = this.#isChanged;
    this.#isChanged = false;
    const bucket = this.#bucket;
    if (!bucket) return isChanged ? this.toJSON() : undefined;
    const { head } = this.#queue;
    if (head) invariants?.headWaits(bucket.tokens, head.tokens);
    const durable = this.#writeAhead.checkpoint(bucket, this.#policy, nowMs, isChanged);
    return durable && { ...this.toJSON(), bucket: durable };
  }

  /**
   * Asks for tokens. The caller is settled in this turn, granted or refused, or it waits and the turn
   * carries its `waiter`. The first request that the bucket could ever grant starts the bucket, even if
   * that request is refused: its retry-after counts from there.
   *
   * @throws {RangeError} If `tokens` isn't an integer of at least 1, or `timeoutMs` isn't an integer
   * from 0 to `maxWaitMs`. Nothing changes then.
   */
  acquire(request: AcquireRequest<Caller>, nowMs: number): Turn<Caller> {
    const { caller, tokens = 1, timeoutMs = this.#policy.maxWaitMs, firstArrivalMs } = request;
    check("tokens", tokens, { min: 1, max: Number.MAX_SAFE_INTEGER });
    const isRequeued = firstArrivalMs !== undefined;
    const longestMs = isRequeued ? Number.MAX_SAFE_INTEGER : this.#policy.maxWaitMs;
    check("timeoutMs", timeoutMs, { min: 0, max: longestMs });
    const settled: Settlement<Caller>[] = [];
    if (tokens > this.#policy.capacity) {
      this.#refuse(settled, caller, "exceeds-capacity");
      return { settled };
    }
    const bucket = this.#start(nowMs);
    this.#grantDue(bucket, nowMs, settled);

    const { latestAtMs } = this.#queue;
    const queuedAtMs = firstArrivalMs ?? Math.max(instantOf(bucket, nowMs), latestAtMs);
    if (this.#queue.size === 0 && bucket.tryTake(tokens)) {
      this.#grant(settled, bucket, { caller, tokens, queuedAtMs }, nowMs);
      return { settled };
    }
    const deadlineAtMs = nowMs + timeoutMs;
    if (queuedAtMs < latestAtMs) {
      const waiter = this.#join({ caller, tokens, queuedAtMs, deadlineAtMs });
      this.#retime(bucket, nowMs, settled);
      return this.#queue.has(waiter) ? { settled, waiter } : { settled };
    }
    const forecast = this.#forecastEnd(bucket);
    const grantAtMs = forecast.timeOf(tokens);
    if (grantAtMs > deadlineAtMs) {
      this.#refuse(settled, caller, "timeout", forecast.msUntil(tokens, nowMs));
      return { settled };
    }
    if (this.#queue.size >= this.#policy.queueLimit && !isRequeued) {
      this.#refuse(settled, caller, "queue-full", forecast.msUntil(tokens, nowMs));
      return { settled };
    }
    const waiter = this.#join({ caller, tokens, queuedAtMs, deadlineAtMs });
    invariants?.promised(waiter, grantAtMs);
    forecast.takeAtEarliestTick(tokens);
    this.#forecast = forecast;
    return { settled, waiter };
  }

  /** `acquire` without waiting: granted now or refused, regardless of who else waits. */
  try(request: Omit<AcquireRequest<Caller>, "timeoutMs">, nowMs: number): Turn<Caller> {
    return this.acquire({ ...request, timeoutMs: 0 }, nowMs);
  }

  /**
   * Lets a caller that left the queue back in. It goes as far forward as its arrival says, but not in
   * front of a waiter that would miss its deadline because of it (see queue/guarded-place.ts).
   * `queueLimit` and `maxWaitMs` don't apply to it. It is granted in this turn if its tokens are there
   * and nobody is in front, and refused with `timeout` if its deadline has passed or would pass in
   * that place.
   *
   * @throws {RangeError} If `tokens` isn't an integer of at least 1. Nothing changes then.
   */
  comeBack(returner: Waiter<Caller>, nowMs: number): Turn<Caller> {
    const { caller, tokens, deadlineAtMs } = returner;
    check("tokens", tokens, { min: 1, max: Number.MAX_SAFE_INTEGER });
    const settled: Settlement<Caller>[] = [];
    if (tokens > this.#policy.capacity) {
      this.#refuse(settled, caller, "exceeds-capacity");
      return { settled };
    }
    const bucket = this.#start(nowMs);
    this.#grantDue(bucket, nowMs, settled);
    const { predecessor, grantAtMs } = guardedPlace(this.#queue, bucket, returner);
    if (Math.max(grantAtMs, instantOf(bucket, nowMs)) > deadlineAtMs) {
      const retryAfterMs = Math.max(0, this.#forecastEnd(bucket).timeOf(tokens) - nowMs);
      this.#refuse(settled, caller, "timeout", retryAfterMs);
      return { settled };
    }
    if (!bucket.neverOverflows(tokens)) this.#overflowing += 1;
    invariants?.movedBack(this.#queue);
    const waiter = this.#queue.joinBehind(returner, predecessor);
    invariants?.promised(waiter, grantAtMs);
    this.#forecast = undefined;
    this.#grantHeads(bucket, nowMs, settled);
    return this.#queue.has(waiter) ? { settled, waiter } : { settled };
  }

  /**
   * Takes a waiter out of the queue. It takes no token and gets no outcome, and those behind it move up
   * in this same turn. Does nothing if it is settled already.
   */
  cancel(waiter: Waiter<Caller>, nowMs: number): Turn<Caller> {
    const settled: Settlement<Caller>[] = [];
    if (!this.#bucket || !this.#leave(waiter)) return { settled };
    this.#cancelled += 1;
    this.#forecast = undefined;
    this.#grantDue(this.#bucket, nowMs, settled);
    return { settled, cancelled: [waiter] };
  }

  /**
   * Refuses every waiter with `unavailable`. None of them takes a token or moves up. The bucket keeps
   * its state.
   */
  rejectAll(): Turn<Caller> {
    const settled: Settlement<Caller>[] = [];
    for (const waiter of this.#queue) {
      this.#leave(waiter);
      this.#refuse(settled, waiter.caller, "unavailable");
    }
    this.#forecast = undefined;
    return { settled };
  }

  /**
   * Settles what an isolate reports about its leases. Returned tokens may serve waiters; during a pause
   * they are lost. A report about a bucket that has been reset since, or about a lease that has ended,
   * changes no tokens.
   */
  settle(report: LeaseReport, nowMs: number): Turn<Caller> {
    const settled: Settlement<Caller>[] = [];
    const bucket = this.#bucket;
    if (!bucket) return { settled };
    this.#grantDue(bucket, nowMs, settled);
    const uses = report.uses.filter(({ startedAtMs }) => startedAtMs === bucket.startedAtMs);
    if (uses.length === 0) return { settled };
    let usedTokens = 0;
    for (const { untilMs, used, returned } of uses) {
      bucket.settle(untilMs, used, returned);
      usedTokens += used;
    }
    this.#granted += report.granted;
    this.#stats.noteLeased(usedTokens, report.granted);
    this.#isChanged = true;
    // What was returned is available earlier than any forecast assumed.
    this.#forecast = undefined;
    this.#grantDue(bucket, nowMs, settled);
    return { settled };
  }

  /**
   * Settles what an isolate reports and lends it the tokens it wants: at most half of what is
   * available, and at most half of the capacity on all leases together. The rest is for callers
   * elsewhere. Lends nothing while somebody waits, during a pause, before the bucket has started, and
   * if the policy has no `lease`.
   */
  lend(ask: LeaseAsk, nowMs: number): Turn<Caller> {
    const turn = this.settle(ask, nowMs);
    const bucket = this.#bucket;
    const terms = this.#policy.lease;
    if (!bucket || !terms || this.#queue.size > 0) return turn;
    if (bucket.pausedUntilMs !== undefined) return turn;
    const room = this.#policy.capacity * LEASED_SHARE - bucket.leasedTokens;
    const spare = Math.floor(Math.min(bucket.tokens * LENT_SHARE, room));
    const tokens = Math.min(ask.wanted, terms.maxTokens, spare);
    if (tokens < 1) return turn;
    const untilMs = leaseEndAtMs(instantOf(bucket, nowMs), terms);
    bucket.lend(tokens, untilMs);
    this.#isChanged = true;
    return {
      ...turn,
      lease: { tokens, untilMs, startedAtMs: bucket.startedAtMs, ttlMs: terms.ttlMs },
    };
  }

  /**
   * Pauses the bucket: from now on it holds at most `tokens`, and its ticks up to and including
   * `untilMs`, epoch milliseconds, add none. Then it continues on its own grid, one tick at a time. If
   * pauses overlap, the later end and the lower number of tokens win, whichever came first; only
   * `resume` ends a pause early. An `untilMs` that isn't after `nowMs` changes nothing. A pause starts
   * a bucket that hasn't started.
   *
   * Waiters keep their order and their deadlines and are timed anew; one that would now be served too
   * late is refused with `timeout`. Nothing is lent during a pause, and returned tokens are lost.
   * Tokens already on lease may still be granted until their lease ends.
   *
   * @throws {RangeError} If `untilMs` or `tokens` isn't an integer of at least 0. Nothing changes then.
   */
  pause({ untilMs, tokens }: Pause, nowMs: number): Turn<Caller> {
    check("untilMs", untilMs, { min: 0, max: Number.MAX_SAFE_INTEGER });
    check("tokens", tokens, { min: 0, max: Number.MAX_SAFE_INTEGER });
    if (untilMs <= nowMs) return this.advance(nowMs);
    const settled: Settlement<Caller>[] = [];
    const bucket = this.#start(nowMs);
    this.#grantDue(bucket, nowMs, settled);
    if (bucket.pause(untilMs, tokens, nowMs)) {
      this.#isChanged = true;
      this.#retime(bucket, nowMs, settled);
    }
    return { settled };
  }

  /**
   * Ends a pause, if there is one: ticks after `nowMs` add tokens again, so nobody is served later
   * because of it. What the pause took away stays lost.
   */
  resume(nowMs: number): Turn<Caller> {
    const turn = this.advance(nowMs);
    if (this.#bucket?.resume(nowMs)) {
      this.#isChanged = true;
      this.#forecast = undefined;
    }
    return turn;
  }

  /** Lets time pass: grants everybody whose tokens are there by `nowMs`. */
  advance(nowMs: number): Turn<Caller> {
    const settled: Settlement<Caller>[] = [];
    if (this.#bucket) this.#grantDue(this.#bucket, nowMs, settled);
    return { settled };
  }

  /** Refuses every waiter with `bucket-reset`, and forgets the bucket and its counts. */
  reset(): Turn<Caller> {
    const settled: Settlement<Caller>[] = [];
    for (const waiter of this.#queue) {
      this.#leave(waiter);
      this.#refuse(settled, waiter.caller, "bucket-reset");
    }
    this.#bucket = undefined;
    this.#forecast = undefined;
    this.#writeAhead = new WriteAhead();
    this.#granted = 0;
    this.#refused = 0;
    this.#cancelled = 0;
    this.#stats = new Stats();
    this.#isChanged = true;
    return { settled };
  }

  /**
   * Switches to another policy. Tokens are cut to the new capacity; the grid keeps its origin. Waiters
   * keep their order and their deadlines and are timed anew: one that asks for more than the new
   * capacity is refused with `exceeds-capacity`, one that would now be served too late with `timeout`.
   * The new `queueLimit` and `maxWaitMs` apply to newcomers only.
   */
  setPolicy(policy: Policy, nowMs: number): Turn<Caller> {
    const settled: Settlement<Caller>[] = [];
    if (this.#bucket) this.#grantDue(this.#bucket, nowMs, settled);
    this.#policy = policy;
    this.#isChanged = true;
    if (this.#bucket) {
      this.#bucket.setPolicy(policy, nowMs);
      this.#retime(this.#bucket, nowMs, settled);
    }
    return { settled };
  }

  /**
   * Where the last waiter stands. Constant time unless somebody has left since the last arrival.
   */
  get lastPlace(): Place<Caller> | undefined {
    const { tail: waiter, size: position } = this.#queue;
    if (!waiter || !this.#bucket) return undefined;
    const forecast = this.#forecastEnd(this.#bucket);
    return { waiter, position, grantAtMs: forecast.timeOfTick(forecast.tick) };
  }

  /**
   * Where everybody stands, from the head on, one step for each place that is read. Don't call another
   * verb during the walk.
   */
  *places(): IterableIterator<Place<Caller>> {
    if (!this.#bucket) return;
    const forecast = this.#bucket.copy();
    let position = 0;
    for (const waiter of this.#queue) {
      position += 1;
      forecast.takeAtEarliestTick(waiter.tokens);
      yield { waiter, position, grantAtMs: forecast.timeOfTick(forecast.tick) };
    }
  }

  /** The bucket's state at `nowMs`. A bucket that hasn't started is shown as it would start. */
  inspect(nowMs: number): LimiterView {
    const bucket = this.#bucket?.copy() ?? TokenBucket.start(this.#policy, nowMs);
    bucket.advance(nowMs);
    const { pausedUntilMs } = bucket;
    return {
      tokens: Math.max(0, bucket.tokens),
      waiters: this.#queue.size,
      queuedTokens: this.#queue.tokens,
      nextTickAtMs: bucket.timeOfTick(bucket.tick + 1),
      ...(pausedUntilMs !== undefined && { pausedUntilMs }),
      granted: this.#granted,
      refused: this.#refused,
      cancelled: this.#cancelled,
      ...(this.#policy.lease && { leasedTokens: bucket.leasedTokens }),
    };
  }

  /** What the bucket has done since it started, beyond the counts of `inspect`. */
  stats(): StatsView {
    return this.#stats.view();
  }

  /** The limiter without its waiters, exactly as it is, for `Limiter.from`. */
  toJSON(): LimiterState {
    const tally = this.#stats.toJSON();
    return {
      ...(this.#bucket && { bucket: this.#bucket.toJSON() }),
      granted: this.#granted,
      refused: this.#refused,
      cancelled: this.#cancelled,
      ...(tally && { tally }),
    };
  }

  #start(nowMs: number): TokenBucket {
    if (!this.#bucket) {
      this.#bucket = TokenBucket.start(this.#policy, nowMs);
      this.#isChanged = true;
    }
    return this.#bucket;
  }

  /** Brings the bucket up to now and grants from the head for as long as the head fits. */
  #grantDue(bucket: TokenBucket, nowMs: number, settled: Settlement<Caller>[]): void {
    const { head } = this.#queue;
    const dueTick = head ? bucket.tick + bucket.ticksUntil(head.tokens) : Infinity;
    bucket.advance(nowMs);
    const isLate = bucket.tick > dueTick;
    if (isLate) invariants?.cameLate(this.#queue);
    this.#grantHeads(bucket, nowMs, settled);
    if (isLate) this.#retime(bucket, nowMs, settled);
  }

  #grantHeads(bucket: TokenBucket, nowMs: number, settled: Settlement<Caller>[]): void {
    let { head } = this.#queue;
    while (head && bucket.tryTake(head.tokens)) {
      invariants?.grantedAsPromised(head, bucket.reachedAtMs);
      this.#leave(head);
      this.#grant(settled, bucket, head, nowMs);
      ({ head } = this.#queue);
    }
  }

  /**
   * Computes the forecast anew and refuses every waiter that can't be granted by its deadline any more.
   */
  #retime(bucket: TokenBucket, nowMs: number, settled: Settlement<Caller>[]): void {
    const forecast = bucket.copy();
    const leaving: Waiter<Caller>[] = [];
    this.#overflowing = 0;
    for (const waiter of this.#queue) {
      const isPossible = waiter.tokens <= this.#policy.capacity;
      const grantAtMs = forecast.timeOf(waiter.tokens);
      if (isPossible && grantAtMs <= Math.max(waiter.deadlineAtMs, instantOf(bucket, nowMs))) {
        invariants?.promised(waiter, grantAtMs);
        forecast.takeAtEarliestTick(waiter.tokens);
        if (!bucket.neverOverflows(waiter.tokens)) this.#overflowing += 1;
      } else {
        this.#queue.leave(waiter);
        leaving.push(waiter);
      }
    }
    this.#forecast = forecast;
    for (const { caller, tokens } of leaving) {
      if (tokens > this.#policy.capacity) {
        this.#refuse(settled, caller, "exceeds-capacity");
      } else {
        // If it asks again, it stands behind everybody who stays.
        this.#refuse(settled, caller, "timeout", forecast.msUntil(tokens, nowMs));
      }
    }
    // With a waiter in front refused, the next one may fit right now.
    this.#grantHeads(bucket, nowMs, settled);
  }

  /** The bucket as it will be when everybody who waits now has been granted. */
  #forecastEnd(bucket: TokenBucket): TokenBucket {
    if (this.#queue.size === 0) return bucket.copy();
    if (this.#forecast) return this.#forecast;
    const forecast = bucket.copy();
    if (this.#overflowing === 0 && forecast.leasedTokens === 0) {
      forecast.takeRunAtEarliestTicks(this.#queue.tokens);
    } else {
      for (const waiter of this.#queue) forecast.takeAtEarliestTick(waiter.tokens);
    }
    this.#forecast = forecast;
    return forecast;
  }

  #join(waiter: Waiter<Caller>): Waiter<Caller> {
    if (!this.#bucket?.neverOverflows(waiter.tokens)) this.#overflowing += 1;
    return this.#queue.join(waiter);
  }

  #leave(waiter: Waiter<Caller>): boolean {
    if (!this.#queue.leave(waiter)) return false;
    if (!this.#bucket?.neverOverflows(waiter.tokens)) this.#overflowing -= 1;
    invariants?.overflowing(this.#overflowing, this.#queue.size);
    return true;
  }

  #grant(
    settled: Settlement<Caller>[],
    bucket: TokenBucket,
    { caller, tokens, queuedAtMs }: Omit<Waiter<Caller>, "deadlineAtMs">,
    nowMs: number,
  ): void {
    this.#granted += 1;
    this.#writeAhead.noteGrant(tokens, nowMs);
    const grantedAtMs = instantOf(bucket, nowMs);
    const waitedMs = Math.max(0, Math.round(grantedAtMs - queuedAtMs));
    this.#stats.noteGrant(tokens, waitedMs);
    const remaining = bucket.tokens;
    settled.push({ caller, outcome: { ok: true, tokens, remaining, waitedMs, grantedAtMs } });
  }

  #refuse(
    settled: Settlement<Caller>[],
    caller: Caller,
    reason: LimiterReason,
    retryAfterMs?: number,
  ): void {
    this.#refused += 1;
    this.#stats.noteRefusal(reason);
    const outcome: Refusal =
      retryAfterMs === undefined ? { ok: false, reason } : { ok: false, reason, retryAfterMs };
    settled.push({ caller, outcome });
  }
}

/**
 * The instant of what happens to `bucket` now. If the clock jumps back behind the last tick it had
 * reached, time stands still at that tick, for this and every later instance, so no token is granted at
 * an instant before the tick that added it.
 */
function instantOf(bucket: TokenBucket, nowMs: number): number {
  return Math.max(nowMs, bucket.reachedAtMs);
}

function check(field: string, value: number, limits: Range): void {
  if (!isIntegerWithin(value, limits)) {
    throw new RangeError(integerFault(field, value, limits).message);
  }
}
