/**
 * Values remembered by key, in memory and for a while, bounded in time and in number; beyond that the oldest
 * entries are dropped. Every operation takes the same few steps at any size: entries are in the order in
 * which they were noted, so expired ones are at the front.
 */

/** Values by key. */
export class RecentKeys<Value> {
  readonly #keptMs: number;
  readonly #maxKept: number;
  /** Oldest first. */
  readonly #kept = new Map<string, { readonly value: Value; readonly notedAtMs: number }>();

  /**
   * @param keptMs How long an entry lasts, in milliseconds, inclusive.
   * @param maxKept Maximum number of entries.
   */
  constructor(keptMs: number, maxKept: number) {
    this.#keptMs = keptMs;
    this.#maxKept = maxKept;
  }

  /** Remembers `value` for `key` from now on, replacing an earlier value. */
  note(key: string, value: Value, nowMs: number): void {
    // An earlier entry with the same key is replaced by this one, at the end.
    this.#kept.delete(key);
    this.#kept.set(key, { value, notedAtMs: nowMs });
    for (const [oldest, { notedAtMs }] of this.#kept) {
      if (this.#kept.size <= this.#maxKept && !this.#isOver(notedAtMs, nowMs)) break;
      this.#kept.delete(oldest);
    }
  }

  /** The value for `key`; `undefined` if there is none or it has expired. */
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
    // After the clock has been set back, an entry must not live for as long as the clock was wrong.
    return Math.abs(nowMs - notedAtMs) > this.#keptMs;
  }
}
