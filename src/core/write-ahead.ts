/**
 * The write-ahead batch: how grants stay durable for less than one write each.
 *
 * A grant must not leave before it is on the disk, or a crash would forget it and give its tokens out
 * again. So the disk is ahead: what is written is a bucket that holds a batch of tokens less
 * than the one in memory, as if they had been granted already. Grants out of the batch need no write.
 *
 * **The batch is a lease that the instance gives to itself.** On the disk, its tokens have left the
 * bucket and occupy it until the loan ends (see limits/token-bucket.ts). Let `u` be the bucket as it
 * would be without the grants since the write, and `B` the batch. The bucket on the disk is `u - B`
 * from then on, whatever comes in and whether it overflows or not, because its mark is lower by
 * exactly `B`. After `g` tokens have been granted, `u` is ahead of memory by at most `g`. So while `g
 * <= B` and the loan lasts, a restart from the disk finds a bucket that is no fuller than memory: some
 * tokens are lost, none are gained, and contract rule 8 holds across a crash at any point. A turn that
 * would go further writes first. A restart doesn't settle the batch: it occupies the bucket until its
 * loan ends, and then counts as spent.
 *
 * **Several restarts in a row cost no more than one.** Until the loans that a restart finds have
 * ended, its own batch is smaller by their tokens, and usually 0, so that each grant is written by
 * itself. What restarts have lost and what still occupies the bucket is therefore at most one batch,
 * however many restarts there were in those 20 seconds. (Some of what a restart finds may be out at
 * isolates. The two can't be told apart, so that counts as well, which costs a write more and no
 * token.)
 *
 * The batch of a token bucket may go below zero. It then spends future ticks in advance, and a restart
 * pays them off first. That of a limit which gets its tokens seldom may not: see `LimitKind.batchFrom`.
 *
 * **An old instance that lives on** after its object has moved can grant what is left of its batch and
 * nothing else, because anything more must be written, and the write fails. Nor do the two instances
 * together give too much. Let `n` be the new one's bucket, which began as the one on the disk, and `v`
 * a single bucket that both had taken from. Then `v - n >= B - g` for as long as the loan lasts. It
 * holds at the start, as shown above. A grant by the old instance lowers both sides alike. A grant by
 * the new one lowers both `v` and `n`. A tick preserves it: if `v` overflows, `v` is full, and `n` is
 * below its own mark, which is lower by `B`. So `v` always holds what the new instance has plus what
 * the old one may still grant, and `v` is a bucket. Since the clocks of two machines may differ, the
 * old instance stops a while before the loan ends.
 *
 * **Several limits** need nothing more. The proof is about one limit and what is lent of it, each limit has
 * a batch of its own, and a turn writes as soon as any of them is used up. It needs a loan's end to mean
 * that the tokens are spent; where it means that they come back, the batch is 0 and each grant is written.
 *
 * **The size of a batch** is what a crash may cost, so its kind decides it: see `LimitKind.maxBatch`.
 *
 * **A pause** only takes tokens away, in memory and, since it is written, on the disk, so all of the
 * above still holds. Ticks add nothing while it lasts, and what is there is all that can be granted. A
 * batch is therefore no larger than that, and a crash during an empty pause costs nothing.
 *
 * **Quiet.** A turn whose grants follow a quiet second is written exactly as it is, since there may be
 * no more; from the second such turn on, a batch is taken. About a second after the last grant, one
 * more write returns what is left of the batch, so an object evicted later loses nothing.
 */
import type { Limit, LimitSpec, LimitState } from "./limits/limit.ts";
import type { Cost } from "./limits/cost.ts";
import type { LimitSet } from "./limits/limit-set.ts";

import { invariants } from "./invariants.ts";
import { LentTokens } from "./limits/lent-tokens.ts";
import { tokensOf } from "./limits/cost.ts";

/**
 * A bucket without a grant for this long is quiet. That is well below the ten seconds after which the
 * platform evicts an idle object, and above the most common refill interval with room for a late tick:
 * a bucket with a waiter at each of those ticks isn't quiet in between.
 */
const QUIET_MS = 1_250;
/**
 * How long a batch is lent: for this long a restarted bucket has less by it, and after it a slow but
 * steady bucket must write even if its batch would last longer.
 */
const LENT_MS = 20_000;
/**
 * Far more than the clocks of two machines differ by, and than a clock stands still within a turn.
 */
const CLOCK_MARGIN_MS = 1_000;

/** What the disk knows of one bucket, and when it must know more. */
export class WriteAhead {
  /** One for each limit; the first apart, as in `LimitSet`. */
  #first: Batch;
  #others: readonly Batch[] | undefined;
  #untilMs = -Infinity;
  /** Whether the disk holds exactly what memory does, but for `#isChanged`. */
  #isSettled = true;
  #isChanged = false;
  #grantedAtMs = -Infinity;
  /** Whether the last grants followed those of an earlier turn within `QUIET_MS`. */
  #isBusy = false;
  /** Whether there were grants since the last `isDue`, all of them in one turn. */
  #hasUnwrittenGrants = false;

  /** @param limits As they were restored from the disk; `undefined` for a bucket that hasn't started. */
  constructor(limits?: LimitSet) {
    this.#first = new Batch(limits?.first.lent?.copy());
    const others = limits?.all.slice(1).map(({ lent }) => new Batch(lent?.copy())) ?? [];
    this.#others = others.length > 0 ? others : undefined;
  }

  /** The same knowledge of the disk. */
  copy(): WriteAhead {
    const copy = new WriteAhead();
    copy.#first = this.#first.copy();
    copy.#others = this.#others?.map((batch) => batch.copy());
    copy.#untilMs = this.#untilMs;
    copy.#isSettled = this.#isSettled;
    copy.#isChanged = this.#isChanged;
    copy.#grantedAtMs = this.#grantedAtMs;
    copy.#isBusy = this.#isBusy;
    copy.#hasUnwrittenGrants = this.#hasUnwrittenGrants;
    return copy;
  }

  /**
   * How long after `nowMs` to end a turn even if nothing happens, in milliseconds; `undefined` if there is
   * nothing to do.
   */
  flushInMs(nowMs: number): number | undefined {
    return this.#isSettled ? undefined : this.#grantedAtMs + QUIET_MS - nowMs;
  }

  /** `cost` has been taken, and the disk doesn't know yet. */
  noteGrant(cost: Cost, nowMs: number): void {
    if (!this.#hasUnwrittenGrants) this.#isBusy = !this.#isQuiet(nowMs);
    this.#hasUnwrittenGrants = true;
    this.#grantedAtMs = nowMs;
    this.#isSettled = false;
    this.#first.remaining -= tokensOf(cost, 0);
    if (this.#others) noteTaken(this.#others, cost);
  }

  /**
   * Something besides grants must be written. That includes a lease that is given or settled, since what
   * is written matches the bucket in memory only while nothing else changes it.
   */
  noteChange(): void {
    this.#isChanged = true;
  }

  /**
   * Whether the turn that ends now has to write before anything it did is reported. Its owner then calls
   * `write`, or stops.
   */
  isDue(nowMs: number): boolean {
    this.#hasUnwrittenGrants = false;
    if (this.#isChanged) return true;
    if (this.#isSettled) return false;
    if (this.#first.remaining < 0 || nowMs >= this.#untilMs || this.#isQuiet(nowMs)) return true;
    return this.#others !== undefined && this.#others.some(isUsedUp);
  }

  /**
   * What must be on the disk before any grant so far is reported: a state of each limit, `undefined` if the
   * bucket hasn't started.
   */
  write(limits: LimitSet | undefined, nowMs: number): readonly LimitState[] | undefined {
    this.#isChanged = false;
    if (!limits) return undefined;
    const isBatched = this.#isBusy && !this.#isQuiet(nowMs) && limits.specs.every(hasBatch);
    const batches = [this.#first, ...(this.#others ?? [])];
    const states = limits.all.map((limit, index) => {
      const spec = isBatched ? limits.specs[index] : undefined;
      return batches[index]?.next(limit, spec, nowMs) ?? limit.toJSON();
    });
    this.#isSettled = batches.every(({ remaining }) => remaining === 0);
    this.#untilMs = nowMs + LENT_MS - CLOCK_MARGIN_MS;
    return states;
  }

  /**
   * A clock that has jumped back doesn't say when the last grant was, so no batch is kept because of
   * it.
   */
  #isQuiet(nowMs: number): boolean {
    return nowMs >= this.#grantedAtMs + QUIET_MS || nowMs < this.#grantedAtMs;
  }
}

/** @param others The batches after the first. */
function noteTaken(others: readonly Batch[], cost: Cost): void {
  let index = 0;
  for (const batch of others) {
    index += 1;
    batch.remaining -= tokensOf(cost, index);
  }
}

function isUsedUp({ remaining }: Batch): boolean {
  return remaining < 0;
}

/** Whether a limit may be written ahead. Where one may not, each grant is written, and batches would only be lost. */
function hasBatch({ kind, fields }: LimitSpec): boolean {
  return kind.maxBatch(fields) > 0;
}

/** What is written ahead of one limit. */
class Batch {
  /** Tokens that may be granted before the disk must know. */
  remaining = 0;
  /**
   * What was out when the limit was restored, until it ends; that includes the batches of earlier
   * instances. It only makes a batch smaller, so loans end in it only when one is taken: one that ends late
   * costs writes, one that ends early, at an instant to which the clock jumped and from which it came back,
   * could cost a second batch.
   */
  readonly #found: LentTokens;

  constructor(found = new LentTokens()) {
    this.#found = found;
  }

  copy(): Batch {
    const copy = new Batch(this.#found.copy());
    copy.remaining = this.remaining;
    return copy;
  }

  /** Takes the next batch of `limit`, none without a `spec`, and returns what the disk is to know. */
  next(limit: Limit, spec: LimitSpec | undefined, nowMs: number): LimitState {
    this.remaining = 0;
    if (!spec) return limit.toJSON();
    this.#found.endBy(nowMs);
    const max = spec.kind.maxBatch(spec.fields);
    const largest = Math.max(0, max - this.#found.tokens);
    const isAhead = spec.kind.batchFrom === "ticks" && limit.pausedUntilMs === undefined;
    const batch = isAhead ? largest : Math.min(largest, Math.max(0, limit.tokens));
    this.remaining = batch;
    if (batch === 0) return limit.toJSON();
    const durable = limit.copy();
    durable.lend(batch, nowMs + LENT_MS);
    invariants?.writtenAhead(batch, max, limit.tokens, durable.tokens);
    return durable.toJSON();
  }
}
