/**
 * The write-ahead reservation: how grants stay durable for less than a write each.
 *
 * A grant must not leave before the disk knows of it, or a crash would forget it and give its tokens
 * out again. So the disk is told ahead: it is written a bucket that holds a batch of tokens less than
 * the one in memory does, as if they had been granted already. Grants out of the batch write nothing.
 *
 * **The batch is a lease that the instance gives to itself**: on the disk its tokens have left the
 * bucket, and occupy it until the lease ends (see token-bucket.ts). Let `u` be the bucket as it would
 * be without the grants since the write. Where `B` is the batch, the disk's bucket is `u - B` from then
 * on, whichever ticks come and whether they flow over or not, because its mark lies lower by just `B`.
 * And where `g` tokens have been granted, `u` is ahead of memory by `g` at most. So while `g <= B`, and
 * the lease lasts, whoever restarts from the disk finds a bucket that is not fuller than memory: it has
 * lost some tokens and gained none, and contract rule 8 holds across a crash at any point. A turn that
 * would go beyond that writes first. A restart settles nothing of it: the batch occupies the bucket
 * until its lease ends, and then counts as spent.
 *
 * **Restarts in a row cost no more than one.** Until the leases that a restart finds have ended, its own
 * batch is smaller by their tokens, and most often none: every grant is written by itself then. So all
 * that restarts have lost and that still occupies the bucket is one batch at most, however many there
 * were in those 20 seconds. (What is found may be out at isolates, too. Nobody can tell the two apart, so
 * that counts as well, and costs a write more and no token.)
 *
 * The batch may reach below zero: then ticks to come are spent ahead, and a restart pays them off
 * first.
 *
 * **An old instance that lives on** after its object has moved can grant what is left of its batch and
 * nothing else, because any more has to be written, and then it notices. Nor do the two together give
 * too much. Let `n` be the bucket of the new one, which began as the disk's, and `v` one bucket that
 * both had taken from. Then `v - n >= B - g` for as long as the lease lasts. It holds at the start, as
 * shown above; a grant of the old one lowers both sides alike; a grant of the new one lowers `v` and
 * `n`; and a tick keeps it, since where `v` flows over, it is full and `n` is below its own mark, by
 * `B` lower. So `v` always holds what the new one has and the old one may still grant, and `v` is a
 * bucket. Since clocks of two machines may differ, the old one stops a while before the lease ends.
 *
 * **The size of a batch** is what a crash may cost, so it is small in both ways that a bucket can be
 * measured in: at most a 40th of the capacity, and at most what the ticks of one second bring. The
 * first keeps a crash to 2.5 % of what callers can have at once, and still lets 1,000 grants of a
 * bucket of 10,000 come for six writes: four batches, the first grant and the end. The second makes a
 * crash cost no more than a second's pause would. Where either is below one token, as in a bucket of
 * 100 a day, every grant is written, and a crash costs nothing.
 *
 * **A pause** only takes away, from memory and, being written, from the disk; so it leaves the above as it
 * is. While it lasts no tick brings anything, and what is there is all that can be granted. So a batch is
 * no larger than that, and a crash in an empty pause costs nothing.
 *
 * **Quiet.** A turn whose grants come after a quiet second is written just as it is, since no more may
 * follow; from the second one on a batch is taken. About a second after the last grant what is left of
 * it is given back by one more write, so that an object that is evicted later loses nothing.
 */
import type { LeasedSum } from "./limits/leased-tokens.ts";
import type { Policy, PolicyFields } from "./policy.ts";
import type { TokenBucket, TokenBucketState } from "./limits/token-bucket.ts";

import { invariants } from "./invariants.ts";
import { LeasedTokens } from "./limits/leased-tokens.ts";

/** Most of the capacity that a batch may be, as a divisor. */
const CAPACITY_SHARE = 40;
/** The time whose ticks bring the most that a batch may be. */
const BATCH_SPAN_MS = 1_000;
/**
 * Without a grant for this long a bucket is quiet. Well below the ten seconds after which the platform
 * evicts an idle object, and above the commonest interval between ticks, with room for a late one: a
 * bucket that somebody waits for at each of them is not quiet in between.
 */
const QUIET_MS = 1_250;
/**
 * For how long a batch is leased: the time in which a bucket that is restarted holds less by it, and by
 * which a slow but steady bucket has to write even if its batch would last longer.
 */
const LEASED_MS = 20_000;
/** Far more than the clocks of two machines differ by, and than a clock stands still within a turn. */
const CLOCK_MARGIN_MS = 1_000;

/** Most tokens that a batch holds under `policy`, and so the most that a crash can lose; 0 for none. */
export function maxBatch(
  policy: Pick<PolicyFields, "capacity" | "refillTokens" | "refillIntervalMs">,
): number {
  const ofCapacity = Math.floor(policy.capacity / CAPACITY_SHARE);
  const ofRate = Math.floor((policy.refillTokens * BATCH_SPAN_MS) / policy.refillIntervalMs);
  return Math.min(ofCapacity, ofRate);
}

/** What the disk knows of one bucket, and when it has to know more. */
export class WriteAhead {
  /** Tokens that may be granted before the disk has to know. */
  #remaining = 0;
  #untilMs = -Infinity;
  /** Whether the disk holds just what memory does. */
  #isSettled = true;
  #grantedAtMs = -Infinity;
  /** Whether the last grants followed others of an earlier turn within `QUIET_MS`. */
  #isBusy = false;
  /** Whether there were grants since the last `checkpoint`: all of them are of one turn. */
  #hasUnwrittenGrants = false;
  /** What was found on lease at the start, until it ends; the batches of predecessors are among it. */
  readonly #found: LeasedTokens;

  /** @param found What is on lease on the disk that the bucket is restored from. */
  constructor(found: readonly LeasedSum[] = []) {
    this.#found = new LeasedTokens(found);
  }

  /** When `checkpoint` is to be called though nothing happens; `undefined` where nothing is to be done. */
  get settleAtMs(): number | undefined {
    return this.#isSettled ? undefined : this.#grantedAtMs + QUIET_MS;
  }

  /** `tokens` have been taken from the bucket, and the disk is not told of it yet. */
  noteGrant(tokens: number, nowMs: number): void {
    if (!this.#hasUnwrittenGrants) this.#isBusy = !this.#isQuiet(nowMs);
    this.#hasUnwrittenGrants = true;
    this.#grantedAtMs = nowMs;
    this.#isSettled = false;
    this.#remaining -= tokens;
  }

  /**
   * What has to be on the disk before any grant so far is told; `undefined` where what is there will do.
   * Whoever asks must write it, or not go on.
   *
   * @param isChanged Whether there is more to write than grants: it says so of a lease that is given or
   * settled, too, since what is written follows the bucket in memory only while nothing else changes it.
   */
  checkpoint(
    bucket: TokenBucket,
    policy: Policy,
    nowMs: number,
    isChanged: boolean,
  ): TokenBucketState | undefined {
    this.#hasUnwrittenGrants = false;
    const isQuiet = this.#isQuiet(nowMs);
    const isCovered =
      this.#isSettled || (!isQuiet && this.#remaining >= 0 && nowMs < this.#untilMs);
    if (!isChanged && isCovered) return undefined;
    const largest = isQuiet || !this.#isBusy ? 0 : this.#maxBatch(policy, nowMs);
    const isPaused = bucket.pausedUntilMs !== undefined;
    const batch = isPaused ? Math.min(largest, Math.max(0, bucket.tokens)) : largest;
    this.#remaining = batch;
    this.#isSettled = batch === 0;
    if (this.#isSettled) return bucket.toJSON();
    const durable = bucket.copy();
    durable.lend(batch, nowMs + LEASED_MS);
    invariants?.writtenAhead(batch, maxBatch(policy), bucket.tokens, durable.tokens);
    this.#untilMs = nowMs + LEASED_MS - CLOCK_MARGIN_MS;
    return durable.toJSON();
  }

  #maxBatch(policy: Policy, nowMs: number): number {
    this.#found.endBy(nowMs);
    return Math.max(0, maxBatch(policy) - this.#found.tokens);
  }

  /** A clock that has jumped back says nothing of the last grant: no batch is kept on its word. */
  #isQuiet(nowMs: number): boolean {
    return nowMs >= this.#grantedAtMs + QUIET_MS || nowMs < this.#grantedAtMs;
  }
}
