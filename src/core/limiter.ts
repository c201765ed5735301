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
import type { HoldAnswer, HoldCall, PermitAnswer } from "./holds/hold-call.ts";
import type { GrantRow } from "./holds/grant-row.ts";
import type { Grant } from "./outcome.ts";
import type {
  LimiterOptions,
  LimiterPolicy,
  LimiterState,
  LimiterView,
  SavedLimiter,
} from "./limiter-state.ts";
import type { Pause } from "./pause.ts";
import type { Policy } from "./policy.ts";
import type { Waiter } from "./queue/waiter-queue.ts";
import type { StatsView } from "./stats.ts";
import type { AcquireRequest, HolderTurn, Place, Turn } from "./turn.ts";

import { forgettableAtMs } from "./forgettable.ts";
import { HolderCalls } from "./holder-calls.ts";
import { lendTokens } from "./lease/lending.ts";
import { Ledger } from "./ledger.ts";
import { requireCost, withoutPermit, withPermit } from "./limits/cost.ts";
import { LimitSet } from "./limits/limit-set.ts";
import { limitsOf } from "./limits/permits.ts";
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
  readonly #holders: HolderCalls<Caller>;

  /** A limiter whose bucket hasn't started yet. */
  constructor(
    policy: Terms,
    { isDurable = true, newId = noIds, ...others }: LimiterOptions<Caller> = {},
    saved?: SavedLimiter | Limiter<Caller, Terms>,
  ) {
    this.#policy = policy;
    if (saved instanceof Limiter) {
      this.#ledger = saved.#ledger.copy();
      this.#limits = saved.#limits?.copyWithHolds(this.#ledger.holds?.ends);
      this.#queue = saved.#queue.copy(this.#ledger);
    } else {
      const states = saved?.state.limits;
      this.#limits = states && LimitSet.restore(limitsOf(policy), states);
      this.#ledger = saved
        ? Ledger.from(saved, this.#limits, { newId, ...others })
        : new Ledger(isDurable, { newId, ...others });
      this.#queue = new ServedQueue(this.#ledger);
    }
    this.#holders = new HolderCalls(this.#ledger, this.#queue);
  }

  /**
   * The limiter that a turn's `write` and the rows of all turns described, under the policy of that time, with nobody waiting.
   *
   * @throws {RangeError} If a bucket of this policy can't be in that state.
   */
  static from<Caller, Terms extends LimiterPolicy = Policy>(
    policy: Terms,
    state: LimiterState,
    rows: readonly GrantRow[] = [],
    options: Pick<LimiterOptions<Caller>, "newId" | "sessionOf"> = {},
  ): Limiter<Caller, Terms> {
    return new Limiter(policy, options, { state, rows });
  }

  /**
   * A second limiter in exactly the same state, for a dry run: from here on neither does anything to the other. The
   * same callers wait, in places of its own (see `places`), so a waiter of this limiter is none of the copy's.
   */
  copy(): Limiter<Caller, Terms> {
    return new Limiter(this.#policy, {}, this);
  }

  /** The policy in force. */
  get policy(): Terms {
    return this.#policy;
  }

  /** The number of waiters. */
  get waiters(): number {
    return this.#queue.size;
  }

  /** Whether any turn has had `rows` to write since the bucket was new, or was reset. */
  get hasGrantRows(): boolean {
    return this.#ledger.holds?.hasRows ?? false;
  }

  /** The highest fence of a permit so far, before a reset too; 0 if there has been none. */
  get lastFence(): number {
    return this.#ledger.lastFence;
  }

  /** See `Turn.wakeAtMs`. */
  get nextWakeAtMs(): number | undefined {
    return this.#queue.dueAtMs(this.#limits);
  }

  /**
   * An instant that is known to have passed, epoch milliseconds: that of the limits (see `LimitSet`), or the
   * latest arrival of a waiter. `undefined` before the bucket has started.
   */
  get passedAtMs(): number | undefined {
    return this.#limits && Math.max(this.#limits.passedAtMs, this.#queue.latestAtMs);
  }

  /**
   * Whether a debt waits for its turn among the waiters. On the disk it counts as taken already, so if the
   * waiters were restored from there, those in front of it would be later than promised.
   */
  get isOwing(): boolean {
    return this.#queue.owed !== undefined;
  }

  /** When the caller at the head of the queue joined it; `undefined` while nobody waits. */
  get headQueuedAtMs(): number | undefined {
    return this.#queue.headQueuedAtMs;
  }

  /**
   * Asks for tokens. The caller is granted or refused in this turn, or it waits and the turn carries its
   * `waiter`. The first request that the bucket could ever grant starts it, even if it is refused.
   *
   * @throws {RangeError} If `tokens` is no cost (see `requireCost`), or `timeoutMs` isn't an integer from 0 to `maxWaitMs`. Nothing changes then.
   */
  acquire(request: AcquireRequest<Caller>, nowMs: number): Turn<Caller> {
    const { maxWaitMs } = this.#policy;
    const { caller, timeoutMs = maxWaitMs, holdMs, firstArrivalMs } = request;
    const tokens = this.#costOf(request.tokens);
    const longestMs = firstArrivalMs === undefined ? maxWaitMs : Number.MAX_SAFE_INTEGER;
    requireInteger("timeoutMs", timeoutMs, 0, longestMs);
    if (holdMs !== undefined && this.#holders.refusesHold(this.#limits, caller, nowMs)) {
      return this.#end(nowMs);
    }
    // Nearly all requests find nobody waiting and their tokens there, and need no more than this.
    if (this.#queue.size === 0 && this.#limits?.fits(tokens)) {
      this.#limits.advance(nowMs);
      if (this.#limits.tryTake(tokens)) return this.#grant(this.#limits, request, tokens, nowMs);
    }
    return this.#queueUp(request, tokens, nowMs + timeoutMs, nowMs);
  }

  /**
   * Lets a caller that left the queue back in where it makes nobody late (queue/guarded-place.ts), no matter
   * how full the queue is, or refuses it with `timeout` if its deadline would pass in that place.
   *
   * @throws {RangeError} If `tokens` is no cost. Nothing changes then.
   */
  comeBack(returner: Waiter<Caller>, nowMs: number): Turn<Caller> {
    const tokens = this.#costOf(returner.tokens);
    const limits = this.#startFor(returner.caller, tokens, nowMs);
    if (!limits) return this.#end(nowMs);
    this.#queue.serveDue(limits, nowMs);
    return this.#end(nowMs, this.#queue.joinGuarded(limits, { ...returner, tokens }, nowMs));
  }

  /**
   * Puts back waiters whose object fell asleep while they waited, and returns their handles in the order in
   * which they were given; in any order. Before any other call. No token is taken and nobody is refused: the
   * next turn does what is due by then, as after a late daemon. `queueLimit` and `maxWaitMs` don't apply.
   *
   * A bucket that hasn't started has lost its state, and starts now as with a first acquire, so nobody
   * waits for ever.
   *
   * @throws {RangeError} If `tokens` of one of them is no cost. Nothing changes then.
   */
  restore(waiters: readonly Waiter<Caller>[], nowMs: number): readonly Waiter<Caller>[] {
    if (waiters.length === 0) return waiters;
    const costed = waiters.map((waiter) => {
      return { ...waiter, tokens: this.#costOf(waiter.tokens) };
    });
    return this.#queue.restore(this.#start(nowMs), costed);
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
    this.#queue.rejectAll("unavailable", this.#limits, nowMs);
    return this.#end(nowMs);
  }

  /** Refuses every waiter with `bucket-reset`, and forgets the bucket and its counts. */
  reset(nowMs: number): Turn<Caller> {
    this.#queue.rejectAll("bucket-reset", undefined, nowMs);
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
   * Pauses the bucket, starting it if need be: from now on it gives at most `tokens`, and nothing comes in
   * before `untilMs`, epoch milliseconds (see `Limit.pause`). If pauses overlap, the later end and the lower
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
   * pause has put aside is there, which may serve waiters; what it took away stays lost.
   */
  resume(nowMs: number, names?: readonly string[]): Turn<Caller> {
    const limits = this.#limits;
    if (!limits) return this.#end(nowMs);
    this.#queue.serveDue(limits, nowMs);
    const resumed = limits.named(names).filter((limit) => limit.resume(nowMs));
    if (resumed.length > 0) {
      this.#ledger.changed();
      this.#queue.forget();
      this.#queue.serveDue(limits, nowMs);
    }
    return this.#end(nowMs);
  }

  /**
   * Does what the holder of a hold asks for: settles it, says what is spent so far, or moves its end. What comes
   * back may serve waiters. What was used beyond what was reserved is taken as the policy's `hold.debt` says.
   */
  changeHold(id: string, call: HoldCall, nowMs: number): HolderTurn<Caller, HoldAnswer> {
    const asked = { id, call, policy: this.#policy };
    const answer = this.#holders.changeHold(this.#limits, asked, nowMs);
    return { turn: this.#end(nowMs), answer };
  }

  /** Settles a hold of which nothing was used. */
  dropHold(id: string, nowMs: number): HolderTurn<Caller, HoldAnswer> {
    const asked = { id, policy: this.#policy };
    const answer = this.#holders.dropHold(this.#limits, asked, nowMs);
    return { turn: this.#end(nowMs), answer };
  }

  /**
   * Keeps a permit for as long as a new one lasts. From now on it belongs to the session `sessionId`: it lives as long
   * as that does. Without `sessionId` it belongs to none.
   */
  extendPermit(id: string, nowMs: number, sessionId?: string): HolderTurn<Caller, PermitAnswer> {
    const answer = this.#holders.extendPermit(this.#limits, { id, sessionId }, nowMs);
    return { turn: this.#end(nowMs), answer };
  }

  /**
   * Sessions are over. Their permits come back after the policy's `concurrency.graceMs`, or at once if that is 0,
   * which may serve waiters.
   *
   * @param isOver Whether the session with this id is over.
   */
  endSessions(isOver: (sessionId: string) => boolean, nowMs: number): Turn<Caller> {
    const graceMs = this.#policy.concurrency?.graceMs ?? 0;
    this.#holders.endSessions(this.#limits, { isOver, graceMs }, nowMs);
    return this.#end(nowMs);
  }

  /** Gives a permit back, which may serve waiters. Does nothing if it has come back already. */
  releasePermit(id: string, nowMs: number): Turn<Caller> {
    this.#holders.releasePermit(this.#limits, id, nowMs);
    return this.#end(nowMs);
  }

  /**
   * From now on turns only report `waiter`, `cancelled` and `lease`: all their other effects are those of the turn that
   * `endBatch` returns. So many calls that arrive together are written and answered once.
   */
  beginBatch(): void {
    this.#ledger.beginBatch();
  }

  /** Ends the batch, and with it the turn of everything since `beginBatch`. */
  endBatch(nowMs: number): Turn<Caller> {
    this.#ledger.endBatch();
    return this.#end(nowMs);
  }

  /** Whether `waiter` is still in the queue: neither settled, even if that hasn't been reported yet, nor cancelled. */
  isWaiting(waiter: Waiter<Caller>): boolean {
    return this.#queue.ifWaiting(waiter) !== undefined;
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
      const hadPermits = limits.permits !== undefined;
      if (!limits.reconfigure(limitsOf(policy), nowMs)) this.#ledger.limitsReplaced(limits);
      if (hadPermits && !limits.permits) this.#ledger.holds?.dropPermits();
      const hasChanged = hadPermits || limits.permits !== undefined;
      if (costOf || hasChanged) {
        this.#queue.changeCosts((caller, tokens) => {
          return this.#costOf(costOf?.(caller) ?? (hadPermits ? withoutPermit(tokens) : tokens));
        });
      }
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

  /** See `OpenGrants.isOpen`. Lets no time pass. */
  isOpen(grant: Pick<Grant, "hold" | "permit">, nowMs: number): boolean {
    const { holds } = this.#ledger;
    if (!holds) return !grant.hold && !grant.permit;
    return holds.isOpen(grant, this.#limits?.instantOf(nowMs) ?? nowMs);
  }

  /** The bucket's state at `nowMs`. A bucket that hasn't started is shown as it would start. */
  inspect(nowMs: number): LimiterView {
    const limits = this.#limits?.copy() ?? LimitSet.start(limitsOf(this.#policy), nowMs);
    limits.advance(nowMs);
    return this.#ledger.view(limits, this.#queue, nowMs, this.#policy);
  }

  /**
   * From when on the bucket may be forgotten if nothing else happens, epoch milliseconds, at least `nowMs`: see
   * forgettable.ts. `Infinity` while anybody waits, and if something never ends by itself.
   */
  forgettableAtMs(nowMs: number): number {
    if (this.#queue.size > 0) return Infinity;
    return Math.max(nowMs, forgettableAtMs(this.#limits, this.#ledger));
  }

  /**
   * The same of what is on the disk, once `written` is there, which a turn at `nowMs` has just returned. What is granted
   * without another write doesn't make it too early, nor does a crash. It leaves out waiters: the first of them is
   * granted by then if the daemon is on time, and that is written.
   */
  writtenForgettableAtMs({ limits: states }: LimiterState, nowMs: number): number {
    const written = states && LimitSet.restore(limitsOf(this.#policy), states);
    return Math.max(nowMs, forgettableAtMs(this.#limits, this.#ledger, written));
  }

  /** What the bucket has done since it started, beyond the counts of `inspect`. */
  stats(): StatsView {
    return this.#ledger.stats;
  }

  /** The limiter without its waiters, exactly as it is, for `Limiter.from`. */
  toJSON(): LimiterState {
    const durable = this.#limits?.owing(this.#queue.owed);
    return this.#ledger.state(durable?.toJSON(), this.#limits);
  }

  /** The rest of an acquire that isn't granted at a glance. Apart, because what is short is compiled into its caller. */
  #queueUp(
    request: AcquireRequest<Caller>,
    tokens: Cost,
    deadlineAtMs: number,
    nowMs: number,
  ): Turn<Caller> {
    const { caller, holdMs, firstArrivalMs } = request;
    const limits = this.#startFor(caller, tokens, nowMs);
    if (!limits) return this.#end(nowMs);
    this.#queue.serveDue(limits, nowMs);
    if (this.#queue.size === 0 && limits.tryTake(tokens)) {
      return this.#grant(limits, request, tokens, nowMs);
    }
    const instantMs = limits.instantOf(nowMs);
    if (firstArrivalMs !== undefined) {
      const place = { queuedAtMs: firstArrivalMs, deadlineAtMs: Math.max(deadlineAtMs, instantMs) };
      // What is there now may still be granted, even by a clock that was set back.
      const returner = { caller, tokens, holdMs, ...place };
      return this.#end(nowMs, this.#queue.joinGuarded(limits, returner, nowMs));
    }
    const queuedAtMs = Math.max(instantMs, this.#queue.latestAtMs);
    const newcomer = { caller, tokens, queuedAtMs, deadlineAtMs, holdMs };
    const { queueLimit } = this.#policy;
    return this.#end(nowMs, this.#queue.joinEnd(limits, newcomer, queueLimit, nowMs));
  }

  /** Ends the turn with a grant of what has just been taken, while nobody waits. */
  #grant(
    limits: LimitSet,
    { caller, holdMs, firstArrivalMs }: AcquireRequest<Caller>,
    tokens: Cost,
    nowMs: number,
  ): Turn<Caller> {
    this.#ledger.granted({ caller, tokens, holdMs, queuedAtMs: firstArrivalMs }, limits, nowMs);
    return this.#ledger.endTurn(limits, nowMs);
  }

  #start(nowMs: number): LimitSet {
    if (this.#limits) return this.#limits;
    this.#limits = LimitSet.start(limitsOf(this.#policy), nowMs);
    this.#ledger.limitsReplaced(this.#limits);
    return this.#limits;
  }

  /** `undefined`, and nothing is started, if the limits can't ever have `tokens`: `caller` is refused. */
  #startFor(caller: Caller, tokens: Cost, nowMs: number): LimitSet | undefined {
    const limits = this.#limits ?? LimitSet.start(limitsOf(this.#policy), nowMs);
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
    const wakeAtMs = this.nextWakeAtMs;
    const queue = this.#queue;
    return this.#ledger.endTurn(this.#limits, nowMs, wakeAtMs, waiter, leaver, lease, queue);
  }

  /** A cost that a caller asks for, checked, with the permit that each grant takes if the policy has any. */
  #costOf(tokens: Cost = 1): Cost {
    requireCost(tokens);
    const { concurrency, limits } = this.#policy;
    return concurrency ? withPermit(tokens, limits.length) : tokens;
  }
}

function noIds(): never {
  throw new Error("Cannot open a hold or a permit: the limiter was built without newId");
}
