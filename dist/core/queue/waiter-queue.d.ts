/**
 * The waiters, first come, first served.
 *
 * A doubly linked list: joining at the end and leaving from anywhere take the same few steps at any
 * length. An array would have to shift its elements, and a `Map` in insertion order scans the gaps left
 * by removed heads. The numbers the limiter asks for most, waiters and the tokens they want, are
 * running counts.
 *
 * The queue is in order of arrival: by `queuedAtMs`, and by order of joining if that is equal. A
 * newcomer is the latest and goes to the end in one step. A caller that has to join again because its
 * bucket's object was reset brings the instant at which it first joined, and goes in front of the first
 * waiter that came later. Only `joinBehind` puts a waiter further back.
 */
import type { Standing } from "./arrival-order.ts";
import type { Cost, NamedTokens } from "../limits/cost.ts";
/** One caller in the queue. Returned when it joins, and passed back to leave. */
export interface Waiter<Caller> {
    /** Whatever the queue's owner wants to find again; never looked at here. */
    readonly caller: Caller;
    /** What it waits for. */
    readonly tokens: Cost;
    /** When it first joined, epoch milliseconds; decides its place. May have a fraction. */
    readonly queuedAtMs: number;
    /** The last instant at which it may be granted, inclusive, epoch milliseconds. */
    readonly deadlineAtMs: number;
    /** How long it wants its tokens as a hold, in milliseconds; `undefined` if it wants none. */
    readonly holdMs?: number | undefined;
    /** What is owed and taken as soon as it has been served; see `owe`. Assigned by the queue. */
    readonly owed?: NamedTokens | undefined;
    /**
     * Tells waiters of the same instant apart: lower is earlier. Assigned by the queue, unless a waiter
     * left and joins again.
     */
    readonly arrivalNumber?: number;
    /** See `Standing`. Assigned by the queue, unless a waiter is restored. */
    readonly behindLater?: Standing | undefined;
}
/**
 * A first come, first served queue with constant-time removal from anywhere.
 *
 * @example
 * const queue = new WaiterQueue<string>();
 * const ann = queue.join({ caller: "Ann", tokens: 1, queuedAtMs: 0, deadlineAtMs: 1000 });
 * queue.head === ann; // true
 * queue.leave(ann); // true
 * queue.leave(ann); // false: it has left already
 */
export declare class WaiterQueue<Caller> {
    #private;
    /** The waiter to serve next. */
    get head(): Waiter<Caller> | undefined;
    /** The last waiter. */
    get tail(): Waiter<Caller> | undefined;
    /**
     * The latest `queuedAtMs` since the queue was last empty, including waiters that have left; 0 while
     * it is empty.
     */
    get latestAtMs(): number;
    /** Whether a waiter that comes back has arrived after everybody who waits. */
    isLatest(returner: Waiter<Caller>): boolean;
    /** The number of waiters. */
    get size(): number;
    /** The tokens of the first limit that they wait for, together. */
    get tokens(): number;
    /**
     * Adds a waiter right in front of the first whose `queuedAtMs` is later, and returns its place as a
     * handle. One step for the latest; for an earlier one, a step for each waiter in front of it.
     */
    join(waiter: Waiter<Caller>): Waiter<Caller>;
    /** All that is owed behind waiters; `undefined` if nothing is. */
    get owed(): NamedTokens | undefined;
    /**
     * Notes a debt behind everybody who waits now. It holds up nobody in front, and is due (`takeDue`) when they have
     * left, in whatever way; at once if nobody waits.
     */
    owe(debt: NamedTokens): void;
    /** Whether anything is owed and due. */
    get hasDue(): boolean;
    /** What is owed and due, and no longer owed behind anybody. */
    takeDue(): NamedTokens | undefined;
    /** Changes what everybody waits for. */
    changeCosts(costOf: (caller: Caller, tokens: Cost) => Cost): void;
    /**
     * Adds a waiter right behind `predecessor`, or at the head if that is `undefined`, and returns its
     * handle.
     *
     * @throws {RangeError} If `predecessor` isn't in this queue. Nothing changes then.
     */
    joinBehind(waiter: Waiter<Caller>, predecessor: Waiter<Caller> | undefined): Waiter<Caller>;
    /** Whether a waiter that `join` returned is still in this queue. */
    has(waiter: Waiter<Caller>): boolean;
    /**
     * Removes a waiter that `join` returned. Returns `false` and changes nothing if it has left already.
     */
    leave(waiter: Waiter<Caller>): boolean;
    /** A second queue of the same callers, and the place there of each waiter here. */
    copy(): {
        readonly queue: WaiterQueue<Caller>;
        readonly places: ReadonlyMap<Waiter<Caller>, Waiter<Caller>>;
    };
    /** Adds waiters of a queue that is gone, and returns their handles in the order in which they were given. */
    restore(waiters: readonly Waiter<Caller>[]): Waiter<Caller>[];
    /** From head to tail. The waiter just visited may leave during the walk. */
    [Symbol.iterator](): IterableIterator<Waiter<Caller>>;
}
