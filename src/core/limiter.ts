/**
 * The limiter: one bucket, one queue, and the rule that joins them. First come, first served.
 *
 * Every verb is one *turn*. It takes the current instant, does its work, grants everybody whose tokens
 * are there by then, and returns the effects (turn.ts): who was settled, in order, what must be written,
 * and when to be woken. Waiters that are due are served before any newcomer. The limiter has no clock,
 * no timer and no promise. Its owner reads the time once per turn and carries the effects out; that is
 * all a daemon has to do here.
 *
 * What limits callers is behind one seam (limits/limit.ts), and when each of them is granted is known on
 * arrival (forecast.ts). A request that would be served too late is refused then and changes nothing. One
 * that is let in needs no timer of its own: nothing others do can delay it, and leaving only helps.
 */
import type { Cost } from "./limits/cost.ts";
import type { Lease, LeaseAsk } from "./lease/lease.ts";
import type { LimiterPolicy, LimiterState, LimiterView } from "./limiter-state.ts";
import type { Pause } from "./pause.ts";
import type { Policy } from "./policy.ts";
import type { Waiter } from "./queue/waiter-queue.ts";
import type { StatsView } from "./stats.ts";
import type { AcquireRequest, Place, Turn } from "./turn.ts";

import { lendTokens } from "./lease/lending.ts";
import { Ledger } from "./ledger.ts";
import { requireCost } from "./limits/cost.ts";
import { LimitSet } from "./limits/limit-set.ts";
import { ServedQueue } from "./served-queue.ts";
import { requireInteger } from "./values.ts";

/**
 * Limits with a queue, as a pure state machine.
 *
 * @example
 * const limiter = new Limiter<string>(Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1000 }));
 * limiter.acquire({ caller: "Ann" }, 0).settled; // Ann is granted
 * limiter.acquire({ caller: "Bob" }, 0).wakeAtMs; // 1000: Bob waits, and is granted then
 */
export class Limiter<Caller, Terms extends LimiterPolicy = Policy> {
  #policy: Terms;
  /** `undefined` before the first acquire, and again after a reset. */
  #limits: LimitSet | undefined;
  readonly #ledger: Ledger<Caller>;
  readonly #queue: ServedQueue<Caller>;

  /** A limiter whose bucket hasn't started yet. @param isDurable Whether its turns say what to write. */
  constructor(policy: Terms, isDurable = true, state?: LimiterState) {
    this.#policy = policy;
    this.#limits = state?.limits && LimitSet.restore(policy.limits, state.limits);
    this.#ledger = state ? Ledger.from(state, this.#limits) : new Ledger(isDurable);
    this.#queue = new ServedQueue(this.#ledger);
  }

  /**
   * The limiter that a turn's `write` described, under the policy of that time, with nobody waiting.
   *
   * @throws {RangeError} If a bucket of this policy can't be in that state.
   */
  static from<Caller, Terms extends LimiterPolicy = Policy>(
    policy: Terms,
    state: LimiterState,
  ): Limiter<Caller, Terms> {
    return new Limiter(policy, true, state);
  }

  /** The policy in force. */
  get policy(): Terms {
    return this.#policy;
  }

  /** The number of waiters. */
  get waiters(): number {
    return this.#queue.size;
  }

  /** See `Turn.wakeAtMs`. */
  get nextWakeAtMs(): number | undefined {
    return this.#queue.dueAtMs(this.#limits);
  }

  /** See `LimitSet.passedAtMs`; `undefined` before the bucket has started. */
  get passedAtMs(): number | undefined {
    return this.#limits?.passedAtMs;
  }

  /**
   * Asks for tokens. The caller is granted or refused in this turn, or it waits and the turn carries its
   * `waiter`. The first request that the bucket could ever grant starts it, even if it is refused.
   *
   * @throws {RangeError} If `tokens` is no cost (see `requireCost`), or `timeoutMs` isn't an integer from 0 to `maxWaitMs`. Nothing changes then.
   */
  acquire(request: AcquireRequest<Caller>, nowMs: number): Turn<Caller> {
    const { maxWaitMs } = this.#policy;
    const { caller, tokens = 1, timeoutMs = maxWaitMs, firstArrivalMs } = request;
    const isRequeued = firstArrivalMs !== undefined;
    requireCost(tokens);
    requireInteger("timeoutMs", timeoutMs, 0, isRequeued ? Number.MAX_SAFE_INTEGER : maxWaitMs);
    // Nearly all requests find nobody waiting and their tokens there, and need no more than this.
    if (this.#queue.size === 0 && this.#limits?.fits(tokens)) {
      this.#limits.advance(nowMs);
      if (this.#limits.tryTake(tokens)) return this.#grant(this.#limits, request, tokens, nowMs);
    }
    const limits = this.#startFor(caller, tokens, nowMs);
    if (!limits) return this.#end(nowMs);
    this.#queue.serveDue(limits, nowMs);
    if (this.#queue.size === 0 && limits.tryTake(tokens)) {
      return this.#grant(limits, request, tokens, nowMs);
    }
    const { latestAtMs } = this.#queue;
    const queuedAtMs = firstArrivalMs ?? Math.max(limits.instantOf(nowMs), latestAtMs);
    const newcomer = { caller, tokens, queuedAtMs, deadlineAtMs: nowMs + timeoutMs };
    if (queuedAtMs < latestAtMs) {
      return this.#end(nowMs, this.#queue.joinInOrder(limits, newcomer, nowMs));
    }
    const queueLimit = isRequeued ? Infinity : this.#policy.queueLimit;
    return this.#end(nowMs, this.#queue.joinEnd(limits, newcomer, queueLimit, nowMs));
  }

  /**
   * Lets a caller that left the queue back in where it makes nobody late (queue/guarded-place.ts), no matter
   * how full the queue is, or refuses it with `timeout` if its deadline would pass in that place.
   *
   * @throws {RangeError} If `tokens` is no cost. Nothing changes then.
   */
  comeBack(returner: Waiter<Caller>, nowMs: number): Turn<Caller> {
    requireCost(returner.tokens);
    const limits = this.#startFor(returner.caller, returner.tokens, nowMs);
    if (!limits) return this.#end(nowMs);
    this.#queue.serveDue(limits, nowMs);
    return this.#end(nowMs, this.#queue.joinGuarded(limits, returner, nowMs));
  }

  /** Takes a waiter out, without a token or an outcome. Does nothing if it is settled already. */
  cancel(waiter: Waiter<Caller>, nowMs: number): Turn<Caller> {
    if (!this.#limits || !this.#queue.leave(this.#limits, waiter)) return this.#end(nowMs);
    this.#ledger.cancelled();
    this.#queue.serveDue(this.#limits, nowMs);
    return this.#end(nowMs, undefined, waiter);
  }

  /** Refuses every waiter with `unavailable`: none takes a token. The bucket keeps its state. */
  rejectAll(nowMs: number): Turn<Caller> {
    this.#queue.rejectAll("unavailable");
    return this.#end(nowMs);
  }

  /** Refuses every waiter with `bucket-reset`, and forgets the bucket and its counts. */
  reset(nowMs: number): Turn<Caller> {
    this.#queue.rejectAll("bucket-reset");
    this.#limits = undefined;
    this.#ledger.reset();
    return this.#end(nowMs);
  }

  /**
   * Settles what an isolate reports about its leases, which may serve waiters, and lends it some of the
   * tokens it wants (lease/lending.ts): none while somebody waits, during a pause, before the bucket has
   * started, and if the policy has no `lease`.
   */
  lend(ask: LeaseAsk, nowMs: number): Turn<Caller> {
    if (this.#limits) this.#queue.settleLeases(this.#limits, ask, nowMs);
    const { lease: terms } = this.#policy;
    const limits = this.#queue.size === 0 ? this.#limits : undefined;
    const lease = limits && terms && lendTokens(limits, terms, ask.wanted, limits.instantOf(nowMs));
    if (lease) this.#ledger.changed();
    return this.#end(nowMs, undefined, undefined, lease);
  }

  /**
   * Pauses the bucket, starting it if need be: from now on it holds at most `tokens`, and nothing comes in
   * up to and including `untilMs`, epoch milliseconds. If pauses overlap, the later end and the lower
   * number of tokens win; only `resume` ends a pause early. A past `untilMs` changes nothing. Waiters are
   * timed anew; one that would be too late is refused with `timeout`. Leases go on until they end.
   *
   * `names` are the limits to pause, by default the first only. One that there isn't is ignored.
   *
   * @throws {RangeError} If `untilMs` or `tokens` isn't an integer of at least 0. Nothing changes then.
   */
  pause({ untilMs, tokens, limits: names }: Pause, nowMs: number): Turn<Caller> {
    requireInteger("untilMs", untilMs, 0, Number.MAX_SAFE_INTEGER);
    requireInteger("tokens", tokens, 0, Number.MAX_SAFE_INTEGER);
    if (untilMs <= nowMs) return this.advance(nowMs);
    const limits = this.#start(nowMs);
    this.#queue.serveDue(limits, nowMs);
    const paused = limits.named(names).filter((limit) => limit.pause(untilMs, tokens, nowMs));
    if (paused.length > 0) {
      this.#ledger.changed();
      this.#queue.retime(limits, nowMs);
    }
    return this.#end(nowMs);
  }

  /**
   * Ends a pause of the limits `names`, by default the first: tokens come in again after `nowMs`. What the
   * pause took away stays lost.
   */
  resume(nowMs: number, names?: readonly string[]): Turn<Caller> {
    if (this.#limits) this.#queue.serveDue(this.#limits, nowMs);
    const resumed = this.#limits?.named(names).filter((limit) => limit.resume(nowMs));
    if (resumed && resumed.length > 0) {
      this.#ledger.changed();
      this.#queue.forget();
    }
    return this.#end(nowMs);
  }

  /** Lets time pass: grants everybody whose tokens are there by `nowMs`. */
  advance(nowMs: number): Turn<Caller> {
    if (this.#limits) this.#queue.serveDue(this.#limits, nowMs);
    return this.#end(nowMs);
  }

  /**
   * Switches to another policy: see `LimitSet.reconfigure`. Waiters are timed anew: one that asks for more
   * than the new capacity is refused with `exceeds-capacity`, one that would be too late with `timeout`.
   *
   * @param costOf What each waiter wants of the new limits; not needed as long as nobody waits by a list.
   */
  setPolicy(policy: Terms, nowMs: number, costOf?: (caller: Caller) => Cost): Turn<Caller> {
    const limits = this.#limits;
    if (limits) this.#queue.serveDue(limits, nowMs);
    this.#policy = policy;
    this.#ledger.changed();
    if (limits) {
      if (!limits.reconfigure(policy.limits, nowMs)) this.#ledger.limitsReplaced(limits);
      if (costOf) this.#queue.changeCosts(costOf);
      this.#queue.retime(limits, nowMs);
    }
    return this.#end(nowMs);
  }

  /** Where the last waiter stands: in constant time unless somebody has left since the last arrival. */
  get lastPlace(): Place<Caller> | undefined {
    return this.#limits && this.#queue.lastPlace(this.#limits);
  }

  /** Where everybody stands, from the head on, one step a place. Don't call a verb during the walk. */
  places(): Iterable<Place<Caller>> {
    return this.#limits ? this.#queue.places(this.#limits) : [];
  }

  /** The bucket's state at `nowMs`. A bucket that hasn't started is shown as it would start. */
  inspect(nowMs: number): LimiterView {
    const limits = this.#limits?.copy() ?? LimitSet.start(this.#policy.limits, nowMs);
    limits.advance(nowMs);
    return this.#ledger.view(limits, this.#queue, this.#policy.lease !== undefined);
  }

  /** What the bucket has done since it started, beyond the counts of `inspect`. */
  stats(): StatsView {
    return this.#ledger.stats;
  }

  /** The limiter without its waiters, exactly as it is, for `Limiter.from`. */
  toJSON(): LimiterState {
    return this.#ledger.state(this.#limits?.toJSON());
  }

  /** Ends the turn with a grant of what has just been taken, while nobody waits. */
  #grant(
    limits: LimitSet,
    { caller, firstArrivalMs }: AcquireRequest<Caller>,
    tokens: Cost,
    nowMs: number,
  ): Turn<Caller> {
    this.#ledger.granted({ caller, tokens, queuedAtMs: firstArrivalMs }, limits, nowMs);
    return this.#ledger.endTurn(limits, nowMs);
  }

  #start(nowMs: number): LimitSet {
    if (this.#limits) return this.#limits;
    this.#limits = LimitSet.start(this.#policy.limits, nowMs);
    this.#ledger.limitsReplaced(this.#limits);
    return this.#limits;
  }

  /** `undefined`, and nothing is started, if the limits can't ever have `tokens`: `caller` is refused. */
  #startFor(caller: Caller, tokens: Cost, nowMs: number): LimitSet | undefined {
    const limits = this.#limits ?? LimitSet.start(this.#policy.limits, nowMs);
    if (limits.fits(tokens)) return this.#limits ?? this.#start(nowMs);
    this.#queue.refuseOver(limits, caller, tokens);
    return undefined;
  }

  #end(
    nowMs: number,
    joined?: Waiter<Caller>,
    leaver?: Waiter<Caller>,
    lease?: Lease,
  ): Turn<Caller> {
    const waiter = joined && this.#queue.ifWaiting(joined);
    return this.#ledger.endTurn(this.#limits, nowMs, this.nextWakeAtMs, waiter, leaver, lease);
  }
}
