/**
 * Time that passes only from one event to the next. The monotonic clock orders the events; the wall
 * clock has an offset to it that jumps.
 */

interface Event {
  readonly atMs: number;
  /** Events at one instant happen in the order in which they were planned. */
  readonly sequence: number;
  readonly happen: () => void;
}

export class VirtualClock {
  readonly #heap: Event[] = [];
  #sequence = 0;
  #monotonicMs = 0;
  #wallAheadMs: number;
  #latestWallMs: number;
  /** How often the wall clock has jumped. */
  jumps = 0;

  constructor(epochMs: number) {
    this.#wallAheadMs = epochMs;
    this.#latestWallMs = epochMs;
  }

  /** Milliseconds since the start of the schedule. */
  get monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** Epoch milliseconds. */
  get wallMs(): number {
    return this.#monotonicMs + this.#wallAheadMs;
  }

  /** The latest instant that the wall clock has ever shown. */
  get latestWallMs(): number {
    return this.#latestWallMs;
  }

  jump(byMs: number): void {
    this.#wallAheadMs += byMs;
    this.jumps += 1;
    this.#latestWallMs = Math.max(this.#latestWallMs, this.wallMs);
  }

  after(delayMs: number, happen: () => void): void {
    this.#sequence += 1;
    const event = { atMs: this.#monotonicMs + delayMs, sequence: this.#sequence, happen };
    this.#rise(event);
  }

  /** Lets the next event happen. Returns `false` if there is none. */
  step(): boolean {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (!first || !last) return false;
    if (last !== first) this.#sink(last);
    this.#monotonicMs = first.atMs;
    this.#latestWallMs = Math.max(this.#latestWallMs, this.wallMs);
    first.happen();
    return true;
  }

  /** Inserts an event at the end of the heap, and moves later events down as it rises. */
  #rise(event: Event): void {
    const heap = this.#heap;
    let index = heap.length;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (!parent || !isBefore(event, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = event;
  }

  /** Inserts an event at the root, and moves earlier events up as it sinks. */
  #sink(event: Event): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      const right = heap[below + 1];
      let child = heap[below];
      if (!child) break;
      if (right && isBefore(right, child)) {
        below += 1;
        child = right;
      }
      if (!isBefore(child, event)) break;
      heap[index] = child;
      index = below;
    }
    heap[index] = event;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.sequence < other.sequence);
}
