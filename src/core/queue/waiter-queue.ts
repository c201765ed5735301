/**
 * The queue of those who wait, first come first served.
 *
 * A doubly linked list: joining at the end and leaving from anywhere take the same few steps at any
 * length. An array would shift, a `Map` in order of insertion scans the gaps that its removed heads
 * leave behind. What the limiter asks most, how many wait and for how many tokens, is kept as two
 * running counts.
 *
 * The queue is in order of arrival: by `queuedAtMs`, equal ones in order of joining. A newcomer is the
 * latest and goes to the end in one step. A caller that had to join again (its bucket's object was reset)
 * brings the instant it first joined at and is put before the first that came later. Only `joinBehind`
 * puts somebody further back.
 */

import { invariants } from "../invariants.ts";

/** One caller in the queue. Handed out when it joins; the token with which it can leave. */
export interface Waiter<Caller> {
  /** Whatever the owner of the queue wants to find again; never looked at. */
  readonly caller: Caller;
  /** Tokens it waits for. */
  readonly tokens: number;
  /** When it first joined, epoch milliseconds; decides its place. May have a fraction. */
  readonly queuedAtMs: number;
  /** The last instant at which it may be granted, inclusive, epoch milliseconds. */
  readonly deadlineAtMs: number;
  /**
   * Tells those apart that joined at one instant: the lower, the earlier. Given by the queue, but for one
   * that has left and joins again.
   */
  readonly arrivalNumber?: number;
}

class Link<Caller> implements Waiter<Caller> {
  readonly caller: Caller;
  readonly tokens: number;
  readonly queuedAtMs: number;
  readonly deadlineAtMs: number;
  readonly arrivalNumber: number;
  previous: Link<Caller> | undefined = undefined;
  next: Link<Caller> | undefined = undefined;
  /** The queue it stands in; none before it joins and after it has left. */
  queue: WaiterQueue<Caller> | undefined = undefined;

  constructor(waiter: Waiter<Caller>, arrivalNumber: number) {
    this.caller = waiter.caller;
    this.tokens = waiter.tokens;
    this.queuedAtMs = waiter.queuedAtMs;
    this.deadlineAtMs = waiter.deadlineAtMs;
    this.arrivalNumber = arrivalNumber;
  }
}

/**
 * A first come, first served queue with removal from anywhere in constant time.
 *
 * @example
 * const queue = new WaiterQueue<string>();
 * const ann = queue.join({ caller: "Ann", tokens: 1, queuedAtMs: 0, deadlineAtMs: 1000 });
 * queue.head === ann; // true
 * queue.leave(ann); // true
 * queue.leave(ann); // false: it has left already
 */
export class WaiterQueue<Caller> {
  #head: Link<Caller> | undefined = undefined;
  #tail: Link<Caller> | undefined = undefined;
  #size = 0;
  #tokens = 0;
  #latestAtMs = 0;
  #arrivals = 0;

  /** The one whose turn is next. */
  get head(): Waiter<Caller> | undefined {
    return this.#head;
  }

  /** The one who stands last. */
  get tail(): Waiter<Caller> | undefined {
    return this.#tail;
  }

  /** The latest instant at which any of them joined, or one that has left since; 0 where nobody waits. */
  get latestAtMs(): number {
    return this.#latestAtMs;
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** How many tokens they wait for together. */
  get tokens(): number {
    return this.#tokens;
  }

  /**
   * Adds a waiter right before the first whose `queuedAtMs` is later, and returns its place in the queue
   * as a handle. One step for the latest; for an earlier one, a step for each that it is put behind.
   */
  join(waiter: Waiter<Caller>): Waiter<Caller> {
    const { queuedAtMs } = waiter;
    let predecessor = this.#tail;
    if (queuedAtMs < this.#latestAtMs) {
      let after = this.#head;
      while (after && after.queuedAtMs <= queuedAtMs) after = after.next;
      if (after) predecessor = after.previous;
    }
    const link = this.#insert(waiter, predecessor);
    invariants?.joinedInOrder(predecessor?.queuedAtMs, queuedAtMs, link.next?.queuedAtMs);
    return link;
  }

  /**
   * Adds a waiter right behind `predecessor`, at the head where that is `undefined`, and returns its handle.
   *
   * @throws {RangeError} Where `predecessor` does not stand in this queue; nothing changes then.
   */
  joinBehind(waiter: Waiter<Caller>, predecessor: Waiter<Caller> | undefined): Waiter<Caller> {
    if (!predecessor) return this.#insert(waiter, undefined);
    if (!(predecessor instanceof Link) || predecessor.queue !== this) {
      throw new RangeError("Cannot join behind a waiter that does not stand in this queue");
    }
    return this.#insert(waiter, predecessor);
  }

  #insert(waiter: Waiter<Caller>, before: Link<Caller> | undefined): Link<Caller> {
    this.#arrivals += 1;
    const link = new Link(waiter, waiter.arrivalNumber ?? this.#arrivals);
    const after = before ? before.next : this.#head;
    link.previous = before;
    link.next = after;
    if (before) before.next = link;
    else this.#head = link;
    if (after) after.previous = link;
    else this.#tail = link;
    link.queue = this;
    this.#size += 1;
    this.#tokens += link.tokens;
    this.#latestAtMs = Math.max(this.#latestAtMs, link.queuedAtMs);
    invariants?.queue(this.#size, this.#tokens, this.#head, this.#tail);
    return link;
  }

  /** Whether a waiter that `join` returned still stands in this queue. */
  has(waiter: Waiter<Caller>): boolean {
    return waiter instanceof Link && waiter.queue === this;
  }

  /**
   * Removes a waiter that `join` returned. Answers `false`, and changes nothing, if it does not stand
   * in this queue any more.
   */
  leave(waiter: Waiter<Caller>): boolean {
    if (!(waiter instanceof Link) || waiter.queue !== this) return false;
    const { previous, next }: Link<Caller> = waiter;
    if (previous) previous.next = next;
    else this.#head = next;
    if (next) next.previous = previous;
    else this.#tail = previous;
    // A handle that outlives its turn must not keep its former neighbours in memory.
    waiter.previous = undefined;
    waiter.next = undefined;
    waiter.queue = undefined;
    this.#size -= 1;
    this.#tokens -= waiter.tokens;
    if (this.#size === 0) this.#latestAtMs = 0;
    invariants?.queue(this.#size, this.#tokens, this.#head, this.#tail);
    return true;
  }

  /** From the head to the tail. The waiter just visited may leave during the walk. */
  *[Symbol.iterator](): IterableIterator<Waiter<Caller>> {
    let link = this.#head;
    while (link) {
      const { next } = link;
      yield link;
      link = next;
    }
  }
}

/**
 * Whether `one` joined before `other` did, each of them for the first time. Of two at one instant, one without
 * a number is the later.
 */
export function arrivedBefore(one: Waiter<unknown>, other: Waiter<unknown>): boolean {
  if (one.queuedAtMs !== other.queuedAtMs) return one.queuedAtMs < other.queuedAtMs;
  return (one.arrivalNumber ?? Infinity) < (other.arrivalNumber ?? Infinity);
}
