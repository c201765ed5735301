/**
 * The write-ahead batch: how grants stay durable for less than one write each.
 *
 * A grant must not leave before it is on the disk, or a crash would forget it and give its tokens out
 * again. So the disk is ahead: what is written is a bucket that holds a batch of tokens less
 * than the one in memory, as if they had been granted already. Grants out of the batch need no write.
 *
 * **The batch is a lease that the instance gives to itself.** On the disk, its tokens have left the
 * bucket and occupy it until the lease ends (see limits/token-bucket.ts). Let `u` be the bucket as it
 * would be without the grants since the write, and `B` the batch. The bucket on the disk is `u - B`
 * from then on, whatever ticks follow and whether they overflow or not, because its mark is lower by
 * exactly `B`. After `g` tokens have been granted, `u` is ahead of memory by at most `g`. So while `g
 * <= B` and the lease lasts, a restart from the disk finds a bucket that is no fuller than memory: some
 * tokens are lost, none are gained, and contract rule 8 holds across a crash at any point. A turn that
 * would go further writes first. A restart doesn't settle the batch: it occupies the bucket until its
 * lease ends, and then counts as spent.
 *
 * **Several restarts in a row cost no more than one.** Until the leases that a restart finds have
 * ended, its own batch is smaller by their tokens, and usually 0, so that each grant is written by
 * itself. What restarts have lost and what still occupies the bucket is therefore at most one batch,
 * however many restarts there were in those 20 seconds. (Some of what a restart finds may be out at
 * isolates. The two can't be told apart, so that counts as well, which costs a write more and no
 * token.)
 *
 * The batch may go below zero. It then spends future ticks in advance, and a restart pays them off
 * first.
 *
 * **An old instance that lives on** after its object has moved can grant what is left of its batch and
 * nothing else, because anything more must be written, and the write fails. Nor do the two instances
 * together give too much. Let `n` be the new one's bucket, which began as the one on the disk, and `v`
 * a single bucket that both had taken from. Then `v - n >= B - g` for as long as the lease lasts. It
 * holds at the start, as shown above. A grant by the old instance lowers both sides alike. A grant by
 * the new one lowers both `v` and `n`. A tick preserves it: if `v` overflows, `v` is full, and `n` is
 * below its own mark, which is lower by `B`. So `v` always holds what the new instance has plus what
 * the old one may still grant, and `v` is a bucket. Since the clocks of two machines may differ, the
 * old instance stops a while before the lease ends.
 *
 * **The size of a batch** is what a crash may cost, so it is small by both measures of a bucket: at
 * most a 40th of the capacity, and at most what one second of ticks adds. The first limits a crash to
 * 2.5 % of what callers can have at once, and still lets 1,000 grants of a bucket of 10,000 get by with
 * six writes: four batches, the first grant and the end. The second makes a crash cost no more than a
 * pause of one second would. If either is below one token, as in a bucket of 100 a day, every grant is
 * written and a crash costs nothing.
 *
 * **A pause** only takes tokens away, in memory and, since it is written, on the disk, so all of the
 * above still holds. Ticks add nothing while it lasts, and what is there is all that can be granted. A
 * batch is therefore no larger than that, and a crash during an empty pause costs nothing.
 *
 * **Quiet.** A turn whose grants follow a quiet second is written exactly as it is, since there may be
 * no more; from the second such turn on, a batch is taken. About a second after the last grant, one
 * more write returns what is left of the batch, so an object evicted later loses nothing.
 */
import type { LeasedSum } from "./limits/leased-tokens.ts";
import type { Policy, PolicyFields } from "./policy.ts";
import type { TokenBucket, TokenBucketState } from "./limits/token-bucket.ts";

import { invariants } from "./invariants.ts";
import { LeasedTokens } from "./limits/leased-tokens.ts";

/** A batch is at most the capacity divided by this. */
const CAPACITY_SHARE = 40;
/** A batch is at most what the ticks of this time add. */
const BATCH_SPAN_MS = 1_000;
/**
 * A bucket without a grant for this long is quiet. That is well below the ten seconds after which the
 * platform evicts an idle object, and above the most common refill interval with room for a late tick:
 * a bucket with a waiter at each of those ticks isn't quiet in between.
 */
const QUIET_MS = 1_250;
/**
 * How long a batch is on lease: for this long a restarted bucket holds less by it, and after it a slow
 * but steady bucket must write even if its batch would last longer.
 */
const LEASED_MS = 20_000;
/**
 * Far more than the clocks of two machines differ by, and than a clock stands still within a turn.
 */
const CLOCK_MARGIN_MS = 1_000;

/**
 * The most tokens that a batch holds under `policy`, and so the most that a crash can lose; 0 for no
 * batches.
 */
export function maxBatch(
  policy: Pick<PolicyFields, "capacity" | "refillTokens" | "refillIntervalMs">,
): number {
  const ofCapacity = Math.floor(policy.capacity / CAPACITY_SHARE);
  const ofRate = Math.floor((policy.refillTokens * BATCH_SPAN_MS) / policy.refillIntervalMs);
  return Math.min(ofCapacity, ofRate);
}

/** What the disk knows of one bucket, and when it must know more. */
export class WriteAhead {
  /** Tokens that may be granted before the disk must know. */
  #remaining = 0;
  #untilMs = -Infinity;
  /** Whether the disk holds exactly what memory does. */
  #isSettled = true;
  #grantedAtMs = -Infinity;
  /** Whether the last grants followed those of an earlier turn within `QUIET_MS`. */
  #isBusy = false;
  /** Whether there were grants since the last `checkpoint`, all of them in one turn. */
  #hasUnwrittenGrants = false;
  /**
   * What was on lease when the bucket was restored, until it ends; that includes the batches of earlier
   * instances.
   */
  readonly #found: LeasedTokens;

  /** @param found What is on lease in the state that the bucket is restored from. */
  constructor(found: readonly LeasedSum[] = []) {
    this.#found = new LeasedTokens(found);
  }

  /**
   * When to call `checkpoint` even if nothing happens, epoch milliseconds; `undefined` if there is
   * nothing to do.
   */
  get settleAtMs(): number | undefined {
    return this.#isSettled ? undefined : this.#grantedAtMs + QUIET_MS;
  }

  /** `tokens` have been taken from the bucket, and the disk doesn't know yet. */
  noteGrant(tokens: number, nowMs: number): void {
    if (!this.#hasUnwrittenGrants) this.#isBusy = !this.#isQuiet(nowMs);
    this.#hasUnwrittenGrants = true;
    this.#grantedAtMs = nowMs;
    this.#isSettled = false;
    this.#remaining -= tokens;
  }

  /**
   * What must be on the disk before any grant so far is reported; `undefined` if what is there
   * suffices. The caller must write it or stop.
   *
   * @param isChanged Whether there is more to write than grants. Also true for a lease that is given or
   * settled, since what is written matches the bucket in memory only while nothing else changes it.
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

  /**
   * A clock that has jumped back doesn't say when the last grant was, so no batch is kept because of
   * it.
   */
  #isQuiet(nowMs: number): boolean {
    return nowMs >= this.#grantedAtMs + QUIET_MS || nowMs < this.#grantedAtMs;
  }
}
