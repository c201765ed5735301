/**
 * A queue and how it is served: from the head on, first come, first served, each waiter at the first
 * instant at which its tokens are there. Everybody that this settles is booked in the ledger.
 *
 * Nobody is served past a waiter that doesn't fit yet, and nobody waits whose tokens are there.
 */
import type { LeaseReport } from "./lease/lease.ts";
import type { Ledger } from "./ledger.ts";
import type { Cost, NamedTokens } from "./limits/cost.ts";
import type { LimitSet } from "./limits/limit-set.ts";
import type { LimiterReason } from "./outcome.ts";
import type { Waiter } from "./queue/waiter-queue.ts";
import type { Place } from "./turn.ts";
import { Forecast } from "./forecast.ts";
import { WaiterQueue } from "./queue/waiter-queue.ts";
/** The waiters of one limiter. Its limits are passed in. */
export declare class ServedQueue<Caller> {
    #private;
    constructor(ledger: Ledger<Caller>, queue?: WaiterQueue<Caller>, forecast?: Forecast<Caller>);
    /** The same callers, who are settled in the books of `ledger`. */
    copy(ledger: Ledger<Caller>): ServedQueue<Caller>;
    /** The number of waiters. */
    get size(): number;
    /** The tokens that they wait for, together. */
    get tokens(): number;
    /** What is owed and hasn't been taken yet; `undefined` if nothing is. */
    get owed(): NamedTokens | undefined;
    /** See `WaiterQueue.latestAtMs`. */
    get latestAtMs(): number;
    /** When the caller at the head joined; `undefined` while nobody waits. */
    get headQueuedAtMs(): number | undefined;
    /** The waiter, if it is still in the queue. */
    ifWaiting(waiter: Waiter<Caller> | undefined): Waiter<Caller> | undefined;
    /**
     * When the head can be granted, or somebody has to be refused, epoch milliseconds; `undefined` while nobody
     * waits. For the end of a turn, when everybody has been granted whose tokens are there.
     */
    dueAtMs(limits: LimitSet | undefined): number | undefined;
    /** Brings the limits up to now and grants from the head for as long as the head fits. */
    serveDue(limits: LimitSet, nowMs: number): void;
    /**
     * Lets a newcomer in at the end, or refuses it if it would be late there or if `queueLimit` callers wait
     * already.
     */
    joinEnd(limits: LimitSet, newcomer: Waiter<Caller>, queueLimit: number, nowMs: number): Waiter<Caller> | undefined;
    /**
     * Lets a waiter in where it makes nobody late, or refuses it if it would be late itself there. Where nobody has
     * been promised a time, it goes where its arrival says.
     */
    joinGuarded(limits: LimitSet, returner: Waiter<Caller>, nowMs: number): Waiter<Caller> | undefined;
    /**
     * Puts waiters back where they stood when their object fell asleep, and returns their handles in the order in
     * which they were given. Nobody is timed, served or refused: `serveDue` does that, once the head is due.
     */
    restore(limits: LimitSet, waiters: readonly Waiter<Caller>[]): readonly Waiter<Caller>[];
    /**
     * Takes a waiter out; `false` if it has left already. Those behind it may be due then, and what is owed behind it:
     * `serveDue` must follow.
     */
    leave(limits: LimitSet, waiter: Waiter<Caller>): boolean;
    /**
     * Settles what an isolate reports about its leases. What it returns may serve waiters; during a pause of a
     * token bucket it is lost. A report about a bucket that has been reset since, or about a lease that has
     * ended, changes no tokens.
     */
    settleLeases(limits: LimitSet, report: LeaseReport, nowMs: number): void;
    /**
     * Takes what a hold has used beyond what it had reserved, once everybody who waits now has been served: nobody is
     * later than promised.
     */
    owe(limits: LimitSet, debt: NamedTokens): void;
    /** Takes it at once, below zero if need be, and times everybody anew. */
    oweFirst(limits: LimitSet, debt: NamedTokens, nowMs: number): void;
    /** The limits are others now, of which each waiter wants as much as `costOf` says. */
    changeCosts(costOf: (caller: Caller, tokens: Cost) => Cost): void;
    /** Something has happened to the limits that makes everybody's turn come earlier. */
    forget(): void;
    /** Refuses every waiter for `reason`. */
    rejectAll(reason: LimiterReason, limits: LimitSet | undefined, nowMs: number): void;
    /** Times the queue anew and refuses every waiter that can't be granted by its deadline any more. */
    retime(limits: LimitSet, nowMs: number): void;
    /** Refuses a caller that asks for more than the limits can ever have. */
    refuseOver(limits: LimitSet, caller: Caller, tokens: Cost): void;
    /**
     * The name of the limit that the head waits for, `permits` if it waits for a permit; `undefined` if nobody waits or
     * there is one limit.
     */
    headLimit(limits: LimitSet): string | undefined;
    /** See `Forecast.lastPlace`. */
    lastPlace(limits: LimitSet): Place<Caller> | undefined;
    /** See `Forecast.places`. */
    places(limits: LimitSet): IterableIterator<Place<Caller>>;
}
