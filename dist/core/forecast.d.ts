/**
 * The forecast: when everybody in a queue will be granted as things stand, and so when a newcomer would
 * be.
 *
 * The queue is deterministic, so that is where the limits get to once everybody in front has been
 * served (limits/look-ahead.ts). The end of the queue is kept while callers only join and are granted.
 * After somebody has left, the next arrival computes it again. That is one step if the bucket has one
 * limit whose closed form covers every waiter and nothing is out; in a token bucket that is so unless a
 * tick may overflow while somebody waits. Otherwise it is a walk over the queue, because what overflows
 * depends on everybody in front.
 *
 * **Three things break a forecast**, all of them faults or deliberate changes: a daemon so late that tokens
 * overflowed, a policy change, and a pause. The queue is then timed anew from its head, and a waiter that can
 * no longer be granted in time is refused at once, taking nothing. A caller that comes back after it left, or
 * after its object was reset, goes where it makes nobody late (queue/guarded-place.ts); it may move others
 * back, though not past their deadlines. Leases are given only while nobody waits, and what is out counts as
 * spent when its loan ends, so anything returned earlier only helps. A promised instant is therefore an upper
 * bound.
 */
import type { Cost, NamedTokens } from "./limits/cost.ts";
import type { Place } from "./turn.ts";
import type { LimitSet } from "./limits/limit-set.ts";
import type { Waiter, WaiterQueue } from "./queue/waiter-queue.ts";
import { LookAhead } from "./limits/look-ahead.ts";
/** The forecast of one queue. The limits that serve it are passed in, as of now. */
export declare class Forecast<Caller> {
    #private;
    constructor(queue: WaiterQueue<Caller>);
    /** The same forecast of a copy of its queue. */
    copy(queue: WaiterQueue<Caller>): Forecast<Caller>;
    /** The limits once everyone who waits now has been granted. Don't change them. */
    end(limits: LimitSet): LookAhead;
    /** A waiter has joined, anywhere. The end isn't known any more, unless `joinedEnd` follows. */
    joined(limits: LimitSet, { tokens }: Waiter<Caller>): void;
    /** Something is owed behind the last waiter. */
    owes(owed: NamedTokens): void;
    /** The one that has just joined stands at the end, and is granted at `grantAtMs` by what `end` said. */
    joinedEnd(end: LookAhead, { tokens }: Waiter<Caller>, grantAtMs: number): void;
    /** A waiter has left the queue. If it wasn't granted, the end isn't known any more: see `forget`. */
    gone(limits: LimitSet, { tokens }: Waiter<Caller>): void;
    /** Nobody waits any more. */
    clear(): void;
    /** Something has happened that the forecast doesn't know. */
    forget(): void;
    /**
     * Computes everything anew, and returns who can't be granted by its deadline any more, or ever, in
     * order. The forecast is the one without them: they have to leave the queue, without `gone`.
     *
     * @param nowMs What is there now may still be granted now, whatever a deadline says.
     */
    retime(limits: LimitSet, nowMs: number): Waiter<Caller>[];
    /** Where the last waiter stands. Constant time unless somebody has left since the last arrival. */
    lastPlace(limits: LimitSet): Place<Caller> | undefined;
    /** Where everybody stands, from the head on, one step for each place that is read. */
    places(limits: LimitSet): IterableIterator<Place<Caller>>;
}
/** When the limits alone have what a waiter wants, without a permit no matter who else waits. */
export declare function aloneAtMs(limits: LimitSet, cost: Cost): number;
