/**
 * Tokens that have left the bucket and aren't spent yet. They occupy the bucket until they are settled,
 * or until their lease ends and they count as spent.
 *
 * It isn't known here who holds them. A lease is identified like a banknote, by its amount and its end.
 * What is kept is one sum for each instant at which leases end, and the lender sees to it that there
 * are few such instants (see `leaseEndAtMs`), so ten thousand leases take no more room than one.
 */
import { invariants } from "../invariants.ts";

/** The leases that end at one instant, epoch milliseconds. */
export interface LeasedSum {
  readonly untilMs: number;
  readonly tokens: number;
}

/**
 * The tokens of one bucket on lease, earliest end first.
 *
 * @example
 * const leased = new LeasedTokens();
 * leased.add(5, 1_000);
 * leased.remove(2, 1_000); // 2
 * leased.tokens; // 3
 * leased.endBy(1_000);
 * leased.tokens; // 0
 */
export class LeasedTokens {
  #sums: LeasedSum[];
  #tokens: number;

  constructor(sums: readonly LeasedSum[] = []) {
    this.#sums = sums.map(({ untilMs, tokens }) => ({ untilMs, tokens }));
    this.#tokens = this.#sums.reduce((all, { tokens }) => all + tokens, 0);
  }

  /** All tokens on lease. */
  get tokens(): number {
    return this.#tokens;
  }

  /** When the next lease ends, epoch milliseconds; `Infinity` if there is none. */
  get nextEndAtMs(): number {
    return this.#sums[0]?.untilMs ?? Infinity;
  }

  /** Adds `tokens` that end at `untilMs`, epoch milliseconds. */
  add(tokens: number, untilMs: number): void {
    const index = this.#sums.findIndex((sum) => sum.untilMs >= untilMs);
    const sum = this.#sums[index];
    this.#tokens += tokens;
    if (sum?.untilMs === untilMs) {
      this.#sums[index] = { untilMs, tokens: sum.tokens + tokens };
    } else {
      this.#sums.splice(index < 0 ? this.#sums.length : index, 0, { untilMs, tokens });
    }
    invariants?.leased(this.#sums, this.#tokens);
  }

  /**
   * Removes up to `tokens` of those that end at `untilMs`, and returns how many: 0 once they have
   * ended.
   */
  remove(tokens: number, untilMs: number): number {
    const index = this.#sums.findIndex((sum) => sum.untilMs === untilMs);
    const sum = this.#sums[index];
    if (!sum) return 0;
    const removed = Math.min(tokens, sum.tokens);
    this.#tokens -= removed;
    if (removed === sum.tokens) this.#sums.splice(index, 1);
    else this.#sums[index] = { untilMs, tokens: sum.tokens - removed };
    invariants?.leased(this.#sums, this.#tokens);
    return removed;
  }

  /** Ends every lease whose time is up at `nowMs`; its tokens count as spent. */
  endBy(nowMs: number): void {
    while (this.nextEndAtMs <= nowMs) this.#tokens -= this.#sums.shift()?.tokens ?? 0;
  }

  /** The sums, for the constructor. */
  toJSON(): readonly LeasedSum[] {
    return this.#sums.map((sum) => ({ ...sum }));
  }
}
