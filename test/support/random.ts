/** Numbers drawn at random from a seed: the same seed draws the same, on every machine. */

/** A small generator: a counter whose values are scrambled. Good enough for tests, and for no secret. */
export class Random {
  #counter: number;

  /** @param stream Tells apart the generators of one seed. */
  constructor(seed: number, stream = 0) {
    this.#counter = (scramble(seed) + Math.imul(scramble(stream), 0x2545f491)) | 0;
  }

  /** From 0 up to 1, which is never drawn. */
  next(): number {
    this.#counter = (this.#counter + 0x9e3779b9) | 0;
    return scramble(this.#counter) / 2 ** 32;
  }

  /** Both ends included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    // Never beyond the list, unless it is empty.
    return items[this.integer(0, items.length - 1)] as Item;
  }
}

function scramble(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return (bits ^ (bits >>> 15)) >>> 0;
}
