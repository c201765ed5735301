/**
 * Keys with something remembered about each, in memory and for a while: bounded in time and in number, and
 * beyond that the oldest go. Everything takes the same few steps at any size: entries stand in the order
 * in which they were noted, so those whose time is up are at the front.
 */

/** What is remembered by key. */
export class RecentKeys<Value> {
  readonly #keptMs: number;
  readonly #maxKept: number;
  /** Oldest first. */
  readonly #kept = new Map<string, { readonly value: Value; readonly notedAtMs: number }>();

  /**
   * @param keptMs How long an entry lasts, in milliseconds, inclusive.
   * @param maxKept How many there are at most.
   */
  constructor(keptMs: number, maxKept: number) {
    this.#keptMs = keptMs;
    this.#maxKept = maxKept;
  }

  /** Remembers `value` for `key` from now on, in place of what was noted before. */
  note(key: string, value: Value, nowMs: number): void {
    // An earlier entry of the same key makes room for this one at the end.
    this.#kept.delete(key);
    this.#kept.set(key, { value, notedAtMs: nowMs });
    for (const [oldest, { notedAtMs }] of this.#kept) {
      if (this.#kept.size <= this.#maxKept && !this.#isOver(notedAtMs, nowMs)) break;
      this.#kept.delete(oldest);
    }
  }

  /** What is remembered for `key`; `undefined` where nothing is, or its time is up. */
  find(key: string, nowMs: number): Value | undefined {
    const entry = this.#kept.get(key);
    return entry && !this.#isOver(entry.notedAtMs, nowMs) ? entry.value : undefined;
  }

  forget(key: string): void {
    this.#kept.delete(key);
  }

  forgetAll(): void {
    this.#kept.clear();
  }

  #isOver(notedAtMs: number, nowMs: number): boolean {
    // A clock that has been set back must not keep an entry for as long as it was wrong.
    return Math.abs(nowMs - notedAtMs) > this.#keptMs;
  }
}
