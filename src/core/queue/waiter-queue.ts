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

import { invariants } from "../invariants.ts";
import { arrivedBefore, compareStandings, laterThan, latestUpTo } from "./arrival-order.ts";
import { addNamed, hasAny, subtractNamed, tokensOf } from "../limits/cost.ts";

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

class Link<Caller> implements Waiter<Caller> {
  readonly caller: Caller;
  tokens: Cost;
  readonly queuedAtMs: number;
  readonly deadlineAtMs: number;
  readonly holdMs: number | undefined;
  readonly arrivalNumber: number;
  owed: NamedTokens | undefined = undefined;
  behindLater: Standing | undefined = undefined;
  previous: Link<Caller> | undefined = undefined;
  next: Link<Caller> | undefined = undefined;
  /** The queue that it is in; `undefined` before it joins and after it has left. */
  queue: WaiterQueue<Caller> | undefined = undefined;

  constructor(waiter: Waiter<Caller>, arrivalNumber: number) {
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
export class WaiterQueue<Caller> {
  #head: Link<Caller> | undefined = undefined;
  #tail: Link<Caller> | undefined = undefined;
  #size = 0;
  #tokens = 0;
  #latestAtMs = 0;
  #arrivals = 0;
  /** All that is owed behind a waiter; `undefined` if nothing is. */
  #owed: NamedTokens | undefined = undefined;
  /** What was owed behind waiters in front of which nobody stands any more. */
  #due: NamedTokens | undefined = undefined;

  /** The waiter to serve next. */
  get head(): Waiter<Caller> | undefined {
    return this.#head;
  }

  /** The last waiter. */
  get tail(): Waiter<Caller> | undefined {
    return this.#tail;
  }

  /**
   * The latest `queuedAtMs` since the queue was last empty, including waiters that have left; 0 while
   * it is empty.
   */
  get latestAtMs(): number {
    return this.#latestAtMs;
  }

  /** Whether a waiter that comes back has arrived after everybody who waits. */
  isLatest(returner: Waiter<Caller>): boolean {
    return !this.#tail || !arrivedBefore(returner, latestUpTo(this.#tail));
  }

  /** The number of waiters. */
  get size(): number {
    return this.#size;
  }

  /** The tokens of the first limit that they wait for, together. */
  get tokens(): number {
    return this.#tokens;
  }

  /**
   * Adds a waiter right in front of the first whose `queuedAtMs` is later, and returns its place as a
   * handle. One step for the latest; for an earlier one, a step for each waiter in front of it.
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

  /** All that is owed behind waiters; `undefined` if nothing is. */
  get owed(): NamedTokens | undefined {
    return this.#owed;
  }

  /**
   * Notes a debt behind everybody who waits now. It holds up nobody in front, and is due (`takeDue`) when they have
   * left, in whatever way; at once if nobody waits.
   */
  owe(debt: NamedTokens): void {
    this.#owed = addNamed(this.#owed ?? {}, debt);
    this.#oweBehind(this.#tail, debt);
  }

  /** Whether anything is owed and due. */
  get hasDue(): boolean {
    return this.#due !== undefined;
  }

  /** What is owed and due, and no longer owed behind anybody. */
  takeDue(): NamedTokens | undefined {
    const due = this.#due;
    if (!due) return undefined;
    this.#due = undefined;
    const owed = subtractNamed(this.#owed ?? {}, due);
    this.#owed = hasAny(owed) ? owed : undefined;
    return due;
  }

  #oweBehind(link: Link<Caller> | undefined, debt: NamedTokens): void {
    if (link) link.owed = addNamed(link.owed ?? {}, debt);
    else this.#due = addNamed(this.#due ?? {}, debt);
  }

  /** Changes what everybody waits for. */
  changeCosts(costOf: (caller: Caller, tokens: Cost) => Cost): void {
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
  joinBehind(waiter: Waiter<Caller>, predecessor: Waiter<Caller> | undefined): Waiter<Caller> {
    if (!predecessor) return this.#insert(waiter, undefined);
    if (!(predecessor instanceof Link) || predecessor.queue !== this) {
      throw new RangeError("Cannot join behind a waiter that isn't in this queue");
    }
    return this.#insert(waiter, predecessor);
  }

  #insert(waiter: Waiter<Caller>, before: Link<Caller> | undefined): Link<Caller> {
    const link = new Link(waiter, waiter.arrivalNumber ?? this.#arrivals + 1);
    // One that comes back after a restart may have a number that this queue hasn't reached.
    this.#arrivals = Math.max(this.#arrivals, link.arrivalNumber);
    link.behindLater = standingOf(laterThan(before, link));
    const after = before ? before.next : this.#head;
    link.previous = before;
    link.next = after;
    if (before) before.next = link;
    else this.#head = link;
    if (after) after.previous = link;
    else this.#tail = link;
    link.queue = this;
    this.#size += 1;
    this.#tokens += tokensOf(link.tokens, 0);
    this.#latestAtMs = Math.max(this.#latestAtMs, link.queuedAtMs);
    invariants?.queue(this.#size, this.#tokens, this.#head, this.#tail);
    return link;
  }

  /** Whether a waiter that `join` returned is still in this queue. */
  has(waiter: Waiter<Caller>): boolean {
    return waiter instanceof Link && waiter.queue === this;
  }

  /**
   * Removes a waiter that `join` returned. Returns `false` and changes nothing if it has left already.
   */
  leave(waiter: Waiter<Caller>): boolean {
    if (!(waiter instanceof Link) || waiter.queue !== this) return false;
    const { previous, next, owed }: Link<Caller> = waiter;
    if (owed) {
      waiter.owed = undefined;
      this.#oweBehind(previous, owed);
    }
    if (previous) previous.next = next;
    else this.#head = next;
    if (next) next.previous = previous;
    else this.#tail = previous;
    // A handle that outlives its turn must not keep its former neighbours in memory.
    waiter.previous = undefined;
    waiter.next = undefined;
    waiter.queue = undefined;
    this.#size -= 1;
    this.#tokens -= tokensOf(waiter.tokens, 0);
    if (this.#size === 0) this.#latestAtMs = 0;
    invariants?.queue(this.#size, this.#tokens, this.#head, this.#tail);
    return true;
  }

  /** A second queue of the same callers, and the place there of each waiter here. */
  copy(): {
    readonly queue: WaiterQueue<Caller>;
    readonly places: ReadonlyMap<Waiter<Caller>, Waiter<Caller>>;
  } {
    const queue = new WaiterQueue<Caller>();
    const places = new Map<Waiter<Caller>, Waiter<Caller>>();
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
  restore(waiters: readonly Waiter<Caller>[]): Waiter<Caller>[] {
    const handles = new Map<Waiter<Caller>, Waiter<Caller>>();
    for (const waiter of waiters.toSorted(compareStandings)) {
      const link = this.#insert(waiter, this.#tail);
      // Those in front of it may have left, but it stands where it stood.
      link.behindLater = waiter.behindLater;
      handles.set(waiter, link);
    }
    return waiters.map((waiter) => handles.get(waiter) ?? waiter);
  }

  /** From head to tail. The waiter just visited may leave during the walk. */
  *[Symbol.iterator](): IterableIterator<Waiter<Caller>> {
    let link = this.#head;
    while (link) {
      const { next } = link;
      yield link;
      link = next;
    }
  }
}

/** A value that keeps no waiter in memory. */
function standingOf(later: Standing | undefined): Standing | undefined {
  if (!(later instanceof Link)) return later;
  const { queuedAtMs, arrivalNumber, behindLater } = later;
  return { queuedAtMs, arrivalNumber, ...(behindLater && { behindLater }) };
}
