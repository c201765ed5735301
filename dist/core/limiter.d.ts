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
import type { LeaseAsk } from "./lease/lease.ts";
import type { HoldAnswer, HoldCall, PermitAnswer } from "./holds/hold-call.ts";
import type { GrantRow } from "./holds/grant-row.ts";
import type { LimiterOptions, LimiterPolicy, LimiterState, LimiterView, SavedLimiter } from "./limiter-state.ts";
import type { Pause } from "./pause.ts";
import type { Policy } from "./policy.ts";
import type { Waiter } from "./queue/waiter-queue.ts";
import type { StatsView } from "./stats.ts";
import type { AcquireRequest, HolderTurn, Place, Turn } from "./turn.ts";
/**
 * Limits with a queue, as a pure state machine.
 *
 * @example
 * const limiter = new Limiter<string>(Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1000 }));
 * limiter.acquire({ caller: "Ann" }, 0).settled; // Ann is granted
 * limiter.acquire({ caller: "Bob" }, 0).wakeAtMs; // 1000: Bob waits, and is granted then
 */
export declare class Limiter<Caller, Terms extends LimiterPolicy = Policy> {
    #private;
    /** A limiter whose bucket hasn't started yet. */
    constructor(policy: Terms, { isDurable, newId, ...others }?: LimiterOptions<Caller>, saved?: SavedLimiter | Limiter<Caller, Terms>);
    /**
     * The limiter that a turn's `write` and the rows of all turns described, under the policy of that time, with nobody waiting.
     *
     * @throws {RangeError} If a bucket of this policy can't be in that state.
     */
    static from<Caller, Terms extends LimiterPolicy = Policy>(policy: Terms, state: LimiterState, rows?: readonly GrantRow[], options?: Pick<LimiterOptions<Caller>, "newId" | "sessionOf">): Limiter<Caller, Terms>;
    /**
     * A second limiter in exactly the same state, for a dry run: from here on neither does anything to the other. The
     * same callers wait, in places of its own (see `places`), so a waiter of this limiter is none of the copy's.
     */
    copy(): Limiter<Caller, Terms>;
    /** The policy in force. */
    get policy(): Terms;
    /** The number of waiters. */
    get waiters(): number;
    /** Whether any turn has had `rows` to write since the bucket was new, or was reset. */
    get hasGrantRows(): boolean;
    /** The highest fence of a permit so far, before a reset too; 0 if there has been none. */
    get lastFence(): number;
    /** See `Turn.wakeAtMs`. */
    get nextWakeAtMs(): number | undefined;
    /**
     * An instant that is known to have passed, epoch milliseconds: that of the limits (see `LimitSet`), or the
     * latest arrival of a waiter. `undefined` before the bucket has started.
     */
    get passedAtMs(): number | undefined;
    /**
     * Whether a debt waits for its turn among the waiters. On the disk it counts as taken already, so if the
     * waiters were restored from there, those in front of it would be later than promised.
     */
    get isOwing(): boolean;
    /** When the caller at the head of the queue joined it; `undefined` while nobody waits. */
    get headQueuedAtMs(): number | undefined;
    /**
     * Asks for tokens. The caller is granted or refused in this turn, or it waits and the turn carries its
     * `waiter`. The first request that the bucket could ever grant starts it, even if it is refused.
     *
     * @throws {RangeError} If `tokens` is no cost (see `requireCost`), or `timeoutMs` isn't an integer from 0 to `maxWaitMs`. Nothing changes then.
     */
    acquire(request: AcquireRequest<Caller>, nowMs: number): Turn<Caller>;
    /**
     * Lets a caller that left the queue back in where it makes nobody late (queue/guarded-place.ts), no matter
     * how full the queue is, or refuses it with `timeout` if its deadline would pass in that place.
     *
     * @throws {RangeError} If `tokens` is no cost. Nothing changes then.
     */
    comeBack(returner: Waiter<Caller>, nowMs: number): Turn<Caller>;
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
    restore(waiters: readonly Waiter<Caller>[], nowMs: number): readonly Waiter<Caller>[];
    /** Takes a waiter out, without a token or an outcome. Does nothing if it is settled already. */
    cancel(waiter: Waiter<Caller>, nowMs: number): Turn<Caller>;
    /** Refuses every waiter with `unavailable`: none takes a token. The bucket keeps its state. */
    rejectAll(nowMs: number): Turn<Caller>;
    /** Refuses every waiter with `bucket-reset`, and forgets the bucket and its counts. */
    reset(nowMs: number): Turn<Caller>;
    /**
     * Settles what an isolate reports about its leases, which may serve waiters, and lends it some of the
     * tokens it wants (lease/lending.ts): none while somebody waits, during a pause, before the bucket has
     * started, and if the policy has no `lease`.
     */
    lend(ask: LeaseAsk, nowMs: number): Turn<Caller>;
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
    pause({ untilMs, tokens, limits: names }: Pause, nowMs: number): Turn<Caller>;
    /**
     * Ends a pause of the limits `names`, by default the first: tokens come in again after `nowMs`. What the
     * pause has put aside is there, which may serve waiters; what it took away stays lost.
     */
    resume(nowMs: number, names?: readonly string[]): Turn<Caller>;
    /**
     * Does what the holder of a hold asks for: settles it, says what is spent so far, or moves its end. What comes
     * back may serve waiters. What was used beyond what was reserved is taken as the policy's `hold.debt` says.
     */
    changeHold(id: string, call: HoldCall, nowMs: number): HolderTurn<Caller, HoldAnswer>;
    /** Settles a hold of which nothing was used. */
    dropHold(id: string, nowMs: number): HolderTurn<Caller, HoldAnswer>;
    /**
     * Keeps a permit for as long as a new one lasts. From now on it belongs to the session `sessionId`: it lives as long
     * as that does. Without `sessionId` it belongs to none.
     */
    extendPermit(id: string, nowMs: number, sessionId?: string): HolderTurn<Caller, PermitAnswer>;
    /**
     * Sessions are over. Their permits come back after the policy's `concurrency.graceMs`, or at once if that is 0,
     * which may serve waiters.
     *
     * @param isOver Whether the session with this id is over.
     */
    endSessions(isOver: (sessionId: string) => boolean, nowMs: number): Turn<Caller>;
    /** Gives a permit back, which may serve waiters. Does nothing if it has come back already. */
    releasePermit(id: string, nowMs: number): Turn<Caller>;
    /**
     * From now on turns only report `waiter`, `cancelled` and `lease`: all their other effects are those of the turn that
     * `endBatch` returns. So many calls that arrive together are written and answered once.
     */
    beginBatch(): void;
    /** Ends the batch, and with it the turn of everything since `beginBatch`. */
    endBatch(nowMs: number): Turn<Caller>;
    /** Whether `waiter` is still in the queue: neither settled, even if that hasn't been reported yet, nor cancelled. */
    isWaiting(waiter: Waiter<Caller>): boolean;
    /** Lets time pass: grants everybody whose tokens are there by `nowMs`. */
    advance(nowMs: number): Turn<Caller>;
    /**
     * Switches to another policy: see `LimitSet.reconfigure`. Waiters are timed anew: one that asks for more
     * than the new capacity is refused with `exceeds-capacity`, one that would be too late with `timeout`.
     *
     * @param costOf What each waiter wants of the new limits; not needed as long as nobody waits by a list.
     */
    setPolicy(policy: Terms, nowMs: number, costOf?: (caller: Caller) => Cost): Turn<Caller>;
    /** Where the last waiter stands: in constant time unless somebody has left since the last arrival. */
    get lastPlace(): Place<Caller> | undefined;
    /** Where everybody stands, from the head on, one step a place. Don't call a verb during the walk. */
    places(): Iterable<Place<Caller>>;
    /** The bucket's state at `nowMs`. A bucket that hasn't started is shown as it would start. */
    inspect(nowMs: number): LimiterView;
    /**
     * From when on the bucket may be forgotten if nothing else happens, epoch milliseconds, at least `nowMs`: see
     * forgettable.ts. `Infinity` while anybody waits, and if something never ends by itself.
     */
    forgettableAtMs(nowMs: number): number;
    /**
     * The same of what is on the disk, once `written` is there, which a turn at `nowMs` has just returned. What is granted
     * without another write doesn't make it too early, nor does a crash. It leaves out waiters: the first of them is
     * granted by then if the daemon is on time, and that is written.
     */
    writtenForgettableAtMs({ limits: states }: LimiterState, nowMs: number): number;
    /** What the bucket has done since it started, beyond the counts of `inspect`. */
    stats(): StatsView;
    /** The limiter without its waiters, exactly as it is, for `Limiter.from`. */
    toJSON(): LimiterState;
}
