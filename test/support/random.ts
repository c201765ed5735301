/**
 * Numbers that look random and are the same for the same seed: the generator Mulberry32, one 32-bit
 * counter whose bits are mixed. Good enough to draw faults with, and short enough to be read.
 */

/** The counter's step: odd, so that it passes every number of 32 bits before one comes again. */
const STEP = 0x6d_2b_79_f5;

/** One sequence of drawn numbers. */
export class Random {
  #counter: number;

  constructor(seed: number) {
    this.#counter = seed | 0;
  }

  /** From 0 to just below 1. */
  fraction(): number {
    this.#counter = (this.#counter + STEP) | 0;
    let bits = this.#counter;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** From `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }
}
