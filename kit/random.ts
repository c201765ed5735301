/**
 * Reproducible random numbers: the same seed gives the same sequence. The generator is mulberry32, whose
 * 32 bits of state run through all 2^32 values: plenty for tests, useless for secrets.
 */

const TWO_TO_THE_32 = 2 ** 32;
/** The increment of the state: odd, so that every value occurs once. */
const STEP = 0x6d2b79f5;

/** One sequence of random numbers. */
export class Random {
  #state: number;

  /** @param seeds Integers; another number anywhere gives another sequence. */
  constructor(...seeds: readonly number[]) {
    this.#state = 0;
    for (const seed of seeds) this.#state = (this.#next() ^ seed) >>> 0;
  }

  /** From 0 up to, but not including, 1. */
  fraction(): number {
    return this.#next() / TWO_TO_THE_32;
  }

  /** An integer from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  /** So many bytes. */
  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.integer(0, 255));
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /**
   * One of `items`.
   *
   * @throws {RangeError} If there are none.
   */
  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new RangeError("Cannot pick from 0 items");
    return items[this.integer(0, items.length - 1)] as Item;
  }

  #next(): number {
    this.#state = (this.#state + STEP) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}
