/**
 * The write-ahead reservation: how grants stay durable for less than a write each.
 *
 * A grant must not leave before the disk knows of it, or a crash would forget it and give its tokens
 * out again. So the disk is told ahead: it is written a bucket that holds a batch of tokens less than
 * the one in memory does, as if they had been granted already. Grants out of the batch write nothing.
 *
 * What is on the disk is followed here as a second bucket, the *durable* one. It stands on the same
 * grid and is filled by the same ticks, and there is one condition: **it never holds more than the
 * bucket in memory.** While that is so, whoever restarts from the disk finds a bucket that has lost
 * some tokens and gained none; so contract rule 8 holds across a crash at any point. A turn that would
 * break the condition writes first. The ticks that flow over in memory still fill the durable bucket,
 * so a batch does not keep for ever, and need not: the condition is looked at anew each time.
 *
 * The batch may reach below zero: then ticks to come are spent ahead, and a restart pays them off
 * first.
 *
 * **An old instance that lives on** after its object has moved can grant what was reserved for it and
 * nothing else, because any more has to be written, and then it notices. Nor do the two together give
 * too much. Let `l` and `d` be memory and durable bucket as the old instance sees them, `n` the bucket
 * of the new one, which began as `d`, and `v` one bucket that both had taken from. Then `v − n ≥ l −
 * d` at all times. It holds at the start, as an equality; a grant of the old one lowers both sides
 * alike; a grant of the new one lowers `v` and `n`; and a tick, which is `min(capacity, x +
 * refillTokens)`, keeps it since `n ≤ d ≤ l`: where `v` flows over, `v` is full and the left side is
 * at least `capacity - d` after the tick. So `v` always holds what the new one has and the old one may
 * still grant, and `v` is a bucket.
 *
 * **The size of a batch** is what a crash may cost, so it is small in both ways that a bucket can be
 * measured in: at most a 40th of the capacity, and at most what the ticks of one second bring. The
 * first keeps a crash to 2.5 % of what callers can have at once, and still lets 1,000 grants of a
 * bucket of 10,000 come for less than 10 writes: four batches, the first grant and the end, and room
 * for some ticks that flow over. The second makes a crash cost no more than a second's pause would.
 * Where either is below one token, as in a bucket of 100 a day, every grant is written, and a crash
 * costs nothing.
 *
 * **Quiet.** A turn whose grants come after a quiet second is written just as it is, since no more may
 * follow; from the second one on a batch is taken. About a second after the last grant what is left of
 * it is given back by one more write, so that an object that is evicted later loses nothing.
 */
import type { Policy, PolicyFields } from "./policy.ts";
import type { TokenBucket, TokenBucketState } from "./token-bucket.ts";

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

/** Most tokens that a batch holds under `policy`, and so the most that a crash can lose; 0 for none. */
export function largestBatch(
  policy: Pick<PolicyFields, "capacity" | "refillTokens" | "refillIntervalMs">,
): number {
  const ofCapacity = Math.floor(policy.capacity / CAPACITY_SHARE);
  const ofRate = Math.floor((policy.refillTokens * BATCH_SPAN_MS) / policy.refillIntervalMs);
  return Math.min(ofCapacity, ofRate);
}

/** What the disk knows of one bucket, and when it has to know more. */
export class Reservation {
  /** What a restart would find; none before the first write of this instance. */
  #durable: TokenBucket | undefined = undefined;
  /** Whether the disk holds just what memory does. */
  #isSettled = true;
  #grantedAtMs = -Infinity;
  /** Whether the last grants followed others of an earlier turn within `QUIET_MS`. */
  #isBusy = false;
  /** Whether there were grants since the last `checkpoint`: all of them are of one turn. */
  #isUntold = false;

  /** When `checkpoint` is to be called though nothing happens; `undefined` where nothing is to be done. */
  get settleAtMs(): number | undefined {
    return this.#isSettled ? undefined : this.#grantedAtMs + QUIET_MS;
  }

  /** Tokens have been taken from the bucket, and the disk is not told of it yet. */
  noteGrant(nowMs: number): void {
    if (!this.#isUntold) this.#isBusy = !this.#isQuiet(nowMs);
    this.#isUntold = true;
    this.#grantedAtMs = nowMs;
    this.#isSettled = false;
  }

  /**
   * What has to be on the disk before any grant so far is told; `undefined` where what is there will do.
   * Whoever asks must write it, or not go on.
   *
   * @param isChanged Whether there is more to write than tokens.
   */
  checkpoint(
    bucket: TokenBucket,
    policy: Policy,
    nowMs: number,
    isChanged: boolean,
  ): TokenBucketState | undefined {
    this.#isUntold = false;
    const isFinal = isChanged || this.#isQuiet(nowMs);
    if (!isChanged && this.#isSettled) return undefined;
    if (!isFinal && this.#covers(bucket)) return undefined;
    const batch = isFinal || !this.#isBusy ? 0 : largestBatch(policy);
    this.#durable = bucket.copy();
    this.#durable.reserve(batch);
    this.#isSettled = batch === 0;
    return this.#durable.toJSON();
  }

  #covers(bucket: TokenBucket): boolean {
    if (!this.#durable) return false;
    this.#durable.advanceToTick(bucket.tick);
    return this.#durable.tokens <= bucket.tokens;
  }

  /** A clock that has jumped back says nothing of the last grant: no batch is kept on its word. */
  #isQuiet(nowMs: number): boolean {
    return nowMs >= this.#grantedAtMs + QUIET_MS || nowMs < this.#grantedAtMs;
  }
}
