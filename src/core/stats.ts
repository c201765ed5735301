/**
 * The tally: what a bucket has done since it started, in sums that a monitor can take differences of.
 * Beside the callers that the limiter counts anyway, these are the tokens granted, the refusals by
 * reason, and how long the granted waited.
 *
 * Waits are a histogram with bounds that are the same for every bucket and every policy: only so can
 * those of many buckets be added up, and those of before and after a change of the policy be compared.
 * A wait is 0 to an hour, a thousand times what the next one is; so the bounds go up by factors of 2 to
 * 2.5, which is what an estimate of a quantile may be off by, from the shortest interval between two
 * ticks to the longest default wait, and coarser from there to the longest that a policy allows. The
 * first bound is 0: callers that did not have to wait are told apart from all others, and that share is
 * the first thing that anybody asks for.
 *
 * A grant on the spot costs two additions. What is written follows the numbers that are not 0.
 */
import type { LimiterReason } from "./outcome.ts";

/**
 * Longest wait of each class but the last, which has all that is longer, in milliseconds. Others are
 * another format of the state: what is on the disk counts by these.
 */
export const WAIT_BOUNDS_MS: readonly number[] = [
  0, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000,
  3_600_000,
];

/** What was done, as sums. */
export interface StatsView {
  readonly grantedTokens: number;
  /** Callers refused, by reason; a reason that has not occurred is left out. */
  readonly refused: Readonly<Partial<Record<LimiterReason, number>>>;
  /** Callers granted, by how long they waited: a class for each of `WAIT_BOUNDS_MS`, and one beyond. */
  readonly waits: readonly number[];
  /** All waits of the granted together, in milliseconds. */
  readonly waitedMs: number;
}

/**
 * The sums of one bucket.
 *
 * @example
 * const stats = new Stats();
 * stats.noteGrant(2, 30);
 * stats.view().waits; // [0, 0, 0, 1, 0, …]: more than 25 ms, and no more than 50
 */
export class Stats {
  #grantedTokens = 0;
  /** Granted on the spot: the first class, apart from the others because nearly all are in it. */
  #immediate = 0;
  /** The classes from the second on. */
  readonly #waits: number[] = WAIT_BOUNDS_MS.map(() => 0);
  #waitedMs = 0;
  #refused: Partial<Record<LimiterReason, number>> = {};

  /** The tally that `toJSON` described; a new one where there is nothing, as before tallies were kept. */
  static from(state: StatsView | undefined): Stats {
    const stats = new Stats();
    if (!state) return stats;
    const { grantedTokens, refused, waits, waitedMs } = state;
    const [immediate = 0, ...others] = waits;
    stats.#grantedTokens = grantedTokens;
    stats.#immediate = immediate;
    for (const [index, count] of others.entries()) stats.#waits[index] = count;
    stats.#waitedMs = waitedMs;
    stats.#refused = { ...refused };
    return stats;
  }

  /** A caller has been granted `tokens` after `waitedMs`. */
  noteGrant(tokens: number, waitedMs: number): void {
    this.#grantedTokens += tokens;
    if (waitedMs <= 0) {
      this.#immediate += 1;
      return;
    }
    const index = classOf(waitedMs) - 1;
    this.#waits[index] = (this.#waits[index] ?? 0) + 1;
    this.#waitedMs += waitedMs;
  }

  /** An isolate has granted `tokens` to `callers` from its leases: none of them waited. */
  noteLeased(tokens: number, callers: number): void {
    this.#grantedTokens += tokens;
    this.#immediate += callers;
  }

  noteRefusal(reason: LimiterReason): void {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
  }

  view(): StatsView {
    return {
      grantedTokens: this.#grantedTokens,
      refused: { ...this.#refused },
      waits: [this.#immediate, ...this.#waits],
      waitedMs: this.#waitedMs,
    };
  }

  /**
   * The sums, for `Stats.from`, without the classes at the end that nobody is in; `undefined` where
   * nothing has been done.
   */
  toJSON(): StatsView | undefined {
    const view = this.view();
    const used = view.waits.findLastIndex((count) => count > 0) + 1;
    if (used === 0 && Object.keys(view.refused).length === 0) return undefined;
    return { ...view, waits: view.waits.slice(0, used) };
  }
}

/** Number of the class that a wait is in, from 0. */
function classOf(waitedMs: number): number {
  const index = WAIT_BOUNDS_MS.findIndex((boundMs) => waitedMs <= boundMs);
  return index < 0 ? WAIT_BOUNDS_MS.length : index;
}
