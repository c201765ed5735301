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
import { invariants } from "../invariants.js";
import { arrivedBefore, compareStandings, laterThan, latestUpTo } from "./arrival-order.js";
import { addNamed, hasAny, subtractNamed, tokensOf } from "../limits/cost.js";
class Link {
    caller;
    tokens;
    queuedAtMs;
    deadlineAtMs;
    holdMs;
    arrivalNumber;
    owed = undefined;
    behindLater = undefined;
    previous = undefined;
    next = undefined;
    /** The queue that it is in; `undefined` before it joins and after it has left. */
    queue = undefined;
    constructor(waiter, arrivalNumber) {
        this.caller = waiter.caller;
        this.tokens = waiter.tokens;
        this.queuedAtMs = waiter.queuedAtMs;
        this.deadlineAtMs = waiter.deadlineAtMs;
        this.holdMs = waiter.holdMs;
        this.arrivalNumber = arrivalNumber;
    }
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
export class WaiterQueue {
    #head = undefined;
    #tail = undefined;
    #size = 0;
    #tokens = 0;
    #latestAtMs = 0;
    #arrivals = 0;
    /** All that is owed behind a waiter; `undefined` if nothing is. */
    #owed = undefined;
    /** What was owed behind waiters in front of which nobody stands any more. */
    #due = undefined;
    /** The waiter to serve next. */
    get head() {
        return this.#head;
    }
    /** The last waiter. */
    get tail() {
        return this.#tail;
    }
    /**
     * The latest `queuedAtMs` since the queue was last empty, including waiters that have left; 0 while
     * it is empty.
     */
    get latestAtMs() {
        return this.#latestAtMs;
    }
    /** Whether a waiter that comes back has arrived after everybody who waits. */
    isLatest(returner) {
        return !this.#tail || !arrivedBefore(returner, latestUpTo(this.#tail));
    }
    /** The number of waiters. */
    get size() {
        return this.#size;
    }
    /** The tokens of the first limit that they wait for, together. */
    get tokens() {
        return this.#tokens;
    }
    /**
     * Adds a waiter right in front of the first whose `queuedAtMs` is later, and returns its place as a
     * handle. One step for the latest; for an earlier one, a step for each waiter in front of it.
     */
    join(waiter) {
        const { queuedAtMs } = waiter;
        let predecessor = this.#tail;
        if (queuedAtMs < this.#latestAtMs) {
            let after = this.#head;
            while (after && after.queuedAtMs <= queuedAtMs)
                after = after.next;
            if (after)
                predecessor = after.previous;
        }
        const link = this.#insert(waiter, predecessor);
        invariants?.joinedInOrder(predecessor?.queuedAtMs, queuedAtMs, link.next?.queuedAtMs);
        return link;
    }
    /** All that is owed behind waiters; `undefined` if nothing is. */
    get owed() {
        return this.#owed;
    }
    /**
     * Notes a debt behind everybody who waits now. It holds up nobody in front, and is due (`takeDue`) when they have
     * left, in whatever way; at once if nobody waits.
     */
    owe(debt) {
        this.#owed = addNamed(this.#owed ?? {}, debt);
        this.#oweBehind(this.#tail, debt);
    }
    /** Whether anything is owed and due. */
    get hasDue() {
        return this.#due !== undefined;
    }
    /** What is owed and due, and no longer owed behind anybody. */
    takeDue() {
        const due = this.#due;
        if (!due)
            return undefined;
        this.#due = undefined;
        const owed = subtractNamed(this.#owed ?? {}, due);
        this.#owed = hasAny(owed) ? owed : undefined;
        return due;
    }
    #oweBehind(link, debt) {
        if (link)
            link.owed = addNamed(link.owed ?? {}, debt);
        else
            this.#due = addNamed(this.#due ?? {}, debt);
    }
    /** Changes what everybody waits for. */
    changeCosts(costOf) {
        this.#tokens = 0;
        for (let link = this.#head; link; link = link.next) {
            link.tokens = costOf(link.caller, link.tokens);
            this.#tokens += tokensOf(link.tokens, 0);
        }
    }
    /**
     * Adds a waiter right behind `predecessor`, or at the head if that is `undefined`, and returns its
     * handle.
     *
     * @throws {RangeError} If `predecessor` isn't in this queue. Nothing changes then.
     */
    joinBehind(waiter, predecessor) {
        if (!predecessor)
            return this.#insert(waiter, undefined);
        if (!(predecessor instanceof Link) || predecessor.queue !== this) {
            throw new RangeError("Cannot join behind a waiter that isn't in this queue");
        }
        return this.#insert(waiter, predecessor);
    }
    #insert(waiter, before) {
        const link = new Link(waiter, waiter.arrivalNumber ?? this.#arrivals + 1);
        // One that comes back after a restart may have a number that this queue hasn't reached.
        this.#arrivals = Math.max(this.#arrivals, link.arrivalNumber);
        link.behindLater = standingOf(laterThan(before, link));
        const after = before ? before.next : this.#head;
        link.previous = before;
        link.next = after;
        if (before)
            before.next = link;
        else
            this.#head = link;
        if (after)
            after.previous = link;
        else
            this.#tail = link;
        link.queue = this;
        this.#size += 1;
        this.#tokens += tokensOf(link.tokens, 0);
        this.#latestAtMs = Math.max(this.#latestAtMs, link.queuedAtMs);
        invariants?.queue(this.#size, this.#tokens, this.#head, this.#tail);
        return link;
    }
    /** Whether a waiter that `join` returned is still in this queue. */
    has(waiter) {
        return waiter instanceof Link && waiter.queue === this;
    }
    /**
     * Removes a waiter that `join` returned. Returns `false` and changes nothing if it has left already.
     */
    leave(waiter) {
        if (!(waiter instanceof Link) || waiter.queue !== this)
            return false;
        const { previous, next, owed } = waiter;
        if (owed) {
            waiter.owed = undefined;
            this.#oweBehind(previous, owed);
        }
        if (previous)
            previous.next = next;
        else
            this.#head = next;
        if (next)
            next.previous = previous;
        else
            this.#tail = previous;
        // A handle that outlives its turn must not keep its former neighbours in memory.
        waiter.previous = undefined;
        waiter.next = undefined;
        waiter.queue = undefined;
        this.#size -= 1;
        this.#tokens -= tokensOf(waiter.tokens, 0);
        if (this.#size === 0)
            this.#latestAtMs = 0;
        invariants?.queue(this.#size, this.#tokens, this.#head, this.#tail);
        return true;
    }
    /** A second queue of the same callers, and the place there of each waiter here. */
    copy() {
        const queue = new WaiterQueue();
        const places = new Map();
        for (let link = this.#head; link; link = link.next) {
            const copy = queue.#insert(link, queue.#tail);
            copy.behindLater = link.behindLater;
            copy.owed = link.owed;
            places.set(link, copy);
        }
        queue.#latestAtMs = this.#latestAtMs;
        queue.#arrivals = this.#arrivals;
        queue.#owed = this.#owed;
        queue.#due = this.#due;
        return { queue, places };
    }
    /** Adds waiters of a queue that is gone, and returns their handles in the order in which they were given. */
    restore(waiters) {
        const handles = new Map();
        for (const waiter of waiters.toSorted(compareStandings)) {
            const link = this.#insert(waiter, this.#tail);
            // Those in front of it may have left, but it stands where it stood.
            link.behindLater = waiter.behindLater;
            handles.set(waiter, link);
        }
        return waiters.map((waiter) => handles.get(waiter) ?? waiter);
    }
    /** From head to tail. The waiter just visited may leave during the walk. */
    *[Symbol.iterator]() {
        let link = this.#head;
        while (link) {
            const { next } = link;
            yield link;
            link = next;
        }
    }
}
/** A value that keeps no waiter in memory. */
function standingOf(later) {
    if (!(later instanceof Link))
        return later;
    const { queuedAtMs, arrivalNumber, behindLater } = later;
    return { queuedAtMs, arrivalNumber, ...(behindLater && { behindLater }) };
}
