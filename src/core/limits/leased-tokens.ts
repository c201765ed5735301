/**
 * Tokens that have left the bucket and are not spent yet: they are on lease, and occupy the bucket until
 * it is settled what became of them, or until their time is up and they count as spent.
 *
 * Whose they are is not known here. A lease is told like a banknote: how many tokens, and until when. So
 * what is kept is a sum for each instant at which leases end, and whoever lends sees to it that these
 * instants are few (see limiter.ts): ten thousand leases take no more room than one.
 */
import { invariants } from "../invariants.ts";

/** A sum of leases that end at the same instant, epoch milliseconds. */
export interface LeasedSum {
  readonly untilMs: number;
  readonly tokens: number;
}

/**
 * The tokens on lease of one bucket, soonest to end first.
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

  /** All that is on lease. */
  get tokens(): number {
    return this.#tokens;
  }

  /** When the next lease ends, epoch milliseconds; `Infinity` where none is out. */
  get nextEndAtMs(): number {
    return this.#sums[0]?.untilMs ?? Infinity;
  }

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

  /** Removes up to `tokens` of those that end at `untilMs`, and says how many: 0 once they have ended. */
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

  /** Ends every lease whose time is up at `nowMs`: its tokens count as spent. */
  endBy(nowMs: number): void {
    while (this.nextEndAtMs <= nowMs) this.#tokens -= this.#sums.shift()?.tokens ?? 0;
  }

  /** The sums, for the constructor. */
  toJSON(): readonly LeasedSum[] {
    return this.#sums.map((sum) => ({ ...sum }));
  }
}
