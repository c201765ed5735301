/**
 * The isolate's side of leases: grants from tokens that it was lent, and decides when to ask for more
 * and for how many.
 *
 * **How many** follows the isolate's own demand, kept as a decaying sum: each token asked for adds one,
 * and the sum falls to `1/e` in `ttlMs`. At a steady rate it equals what is asked for in one `ttlMs`.
 * That is what the holder wants to hold, and it asks again when half of it is left: two to four calls
 * per `ttlMs`, well before either tokens or time run out. In a rush, the sum doubles with every call.
 * It never exceeds `maxTokens`, so it decays as soon as the rush is over. If the bucket lends less than
 * was wanted, the holder waits until half of what it got is left, because asking again at once would
 * bring no more. When requests stop, the lease runs out and the rest is returned; without a request
 * since the last ask, nothing more is asked for, however slowly the sum decays. Below `MIN_DEMAND` a
 * lease saves nothing, so none is asked for.
 *
 * **Order within the isolate.** A request that the leases can't serve goes to the bucket and takes what
 * is left of them along. So they count for it, and no later request is served before it from a lease
 * that was there when it came.
 *
 * **Overload.** When a bucket turns requests away because there are too many, asks are turned away with
 * the rest, and it would never get better. So for a while the isolate sends it no requests and goes on
 * asking for a lease. In simulation (docs/internals/scaling.md), a start with ten times the load that the
 * object can take is over in a few seconds this way, and isn't over in a minute without it.
 *
 * **Refused.** While callers wait, or few tokens are left, the bucket lends nothing. The holder then
 * stays quiet for a while, and every request goes to the bucket and takes its place in the queue.
 */
import type { Lease, LeaseAsk, LeaseMark, LeaseReport, LeaseUse } from "./lease.ts";
import type { LeaseTerms } from "../policy-tables.ts";

import { invariants } from "../invariants.ts";

/** Tokens per `ttlMs`. Below this there would be about as many calls for leases as requests. */
const MIN_DEMAND = 4;
/**
 * How long nothing is asked after the bucket lent nothing, and no request is sent after it was
 * overloaded, as a share of `ttlMs`.
 */
const RETRY_SHARE = 1 / 4;

interface HeldLease extends LeaseMark {
  /** For this isolate, by its own clock. */
  expiresAtMs: number;
  remaining: number;
  /** Granted and not reported yet. */
  used: number;
}

/**
 * The leases that one isolate holds of one bucket. Time is passed in as epoch milliseconds of one
 * clock.
 *
 * @example
 * const holder = new LeaseHolder({ maxTokens: 100, ttlMs: 1_000 });
 * holder.tryTake(5, 0); // false: nothing is held, the request goes to the bucket
 * holder.nextAsk(0); // { uses: [], granted: 0, wanted: 5 }: send it to the bucket
 * holder.lent({ tokens: 5, startedAtMs: 0, untilMs: 4_000, ttlMs: 1_000 }, 10);
 * holder.tryTake(1, 20); // true
 */
export class LeaseHolder {
  readonly #terms: LeaseTerms;
  /** Oldest first, and taken from in this order. */
  #leases: HeldLease[] = [];
  /** Tokens asked for, decaying. */
  #demand = 0;
  #demandAtMs = 0;
  /** Whether a request has come since the last ask. Without one, nothing more is wanted. */
  #isCalledFor = false;
  /** Callers granted and not reported yet. */
  #granted = 0;
  /** When the pending ask was made; `undefined` if there is none. */
  #askedAtMs: number | undefined = undefined;
  /** What the last ask wanted. */
  #wanted = 0;
  #quietUntilMs = -Infinity;
  #backOffUntilMs = -Infinity;
  /** What was held just after the last lease, if that lease was smaller than wanted. */
  #maxHeld = Infinity;
  #latestMs = -Infinity;

  constructor(terms: LeaseTerms) {
    this.#terms = terms;
  }

  /** Tokens that can be granted here at `nowMs`. */
  tokensAt(nowMs: number): number {
    let tokens = 0;
    for (const { remaining, expiresAtMs } of this.#leases)
      if (nowMs < expiresAtMs) tokens += remaining;
    return tokens;
  }

  /**
   * When to call `nextAsk` even without a request, to return what is left; `undefined` if nothing is
   * held. Late is safe: the rest counts as spent then. If a timer finds the clock before this instant,
   * the clock has jumped back; pass this instant as the time.
   */
  get expiresAtMs(): number | undefined {
    return this.#leases[0]?.expiresAtMs;
  }

  /**
   * Takes a request's `tokens` and returns `true`, or takes nothing and returns `false`. In that case
   * the request must go to the bucket, along with what `returnAll` returns.
   */
  tryTake(tokens: number, nowMs: number): boolean {
    this.#noteTime(nowMs);
    const { maxTokens, ttlMs } = this.#terms;
    // No lease would ever cover it, so it isn't demand for one.
    if (tokens > maxTokens) return false;
    const fadedBy = Math.exp((this.#demandAtMs - nowMs) / ttlMs);
    this.#demand = Math.min(maxTokens, this.#demand * fadedBy + tokens);
    this.#isCalledFor = true;
    this.#demandAtMs = nowMs;
    if (this.tokensAt(nowMs) < tokens) return false;
    let missing = tokens;
    for (const lease of this.#leases) {
      if (nowMs >= lease.expiresAtMs) continue;
      const taken = Math.min(missing, lease.remaining);
      lease.remaining -= taken;
      lease.used += taken;
      missing -= taken;
    }
    invariants?.tookFromLeases(missing);
    this.#granted += 1;
    return true;
  }

  /**
   * Returns everything held, for the request that it doesn't cover to take along; `undefined` if
   * nothing is held. That request alone is no reason to ask for more, which might be lent before the
   * request arrives.
   */
  returnAll(): LeaseReport | undefined {
    if (this.#leases.length === 0) return undefined;
    this.#isCalledFor = false;
    return this.#report(() => true);
  }

  /**
   * What to ask the bucket or report to it now; `undefined` if there is nothing to say, or an earlier
   * ask is pending. Send it, and call `lent` or `failed` with the result.
   */
  nextAsk(nowMs: number): LeaseAsk | undefined {
    this.#noteTime(nowMs);
    if (this.#askedAtMs !== undefined) return undefined;
    const wanted = this.#isCalledFor ? this.#wantedAt(nowMs) : 0;
    const isOver = this.#leases.some(({ expiresAtMs }) => nowMs >= expiresAtMs);
    if (wanted === 0 && !isOver) return undefined;
    const report = this.#report((lease) => nowMs >= lease.expiresAtMs);
    this.#isCalledFor = false;
    this.#askedAtMs = nowMs;
    this.#wanted = wanted;
    return { ...report, wanted };
  }

  /** The bucket has answered the last ask, with or without a lease. */
  lent(lease: Lease | undefined, nowMs: number): void {
    this.#noteTime(nowMs);
    const askedAtMs = this.#askedAtMs ?? nowMs;
    this.#askedAtMs = undefined;
    if (!lease) {
      if (this.#wanted > 0) this.#quietUntilMs = nowMs + this.#terms.ttlMs * RETRY_SHARE;
      return;
    }
    const { startedAtMs, untilMs, tokens: remaining } = lease;
    // By the terms that the bucket uses, which may differ from those that the isolate knows.
    const expiresAtMs = askedAtMs + lease.ttlMs;
    this.#leases.push({ startedAtMs, untilMs, expiresAtMs, remaining, used: 0 });
    this.#maxHeld = remaining < this.#wanted ? this.tokensAt(nowMs) : Infinity;
  }

  /** The last ask has failed. What it reported is lost, and counts as spent when its lease ends. */
  failed(nowMs: number): void {
    this.lent(undefined, nowMs);
  }

  /** The bucket has turned a request or an ask away because it is overloaded. */
  overloaded(nowMs: number): void {
    this.#noteTime(nowMs);
    this.#backOffUntilMs = nowMs + this.#terms.ttlMs * RETRY_SHARE;
  }

  /** How long not to send requests to the bucket, in milliseconds; 0 if they may go. */
  backOffMs(nowMs: number): number {
    this.#noteTime(nowMs);
    return Math.max(0, this.#backOffUntilMs - nowMs);
  }

  /**
   * A clock that has jumped back would make leases last longer than the bucket reserves their room.
   */
  #noteTime(nowMs: number): void {
    if (nowMs < this.#latestMs) {
      for (const lease of this.#leases) lease.expiresAtMs = -Infinity;
      // A lease on its way has ended by the time it arrives.
      if (this.#askedAtMs !== undefined) this.#askedAtMs = -Infinity;
      this.#demandAtMs = Math.min(this.#demandAtMs, nowMs);
      this.#quietUntilMs = -Infinity;
      this.#backOffUntilMs = -Infinity;
    }
    this.#latestMs = nowMs;
  }

  /**
   * Reports what has become of every lease since the last report, and drops those that are over.
   */
  #report(isOver: (lease: HeldLease) => boolean): LeaseReport {
    const uses: LeaseUse[] = [];
    const kept: HeldLease[] = [];
    for (const lease of this.#leases) {
      const { startedAtMs, untilMs, remaining, used } = lease;
      const returned = isOver(lease) ? remaining : 0;
      if (used + returned > 0) uses.push({ startedAtMs, untilMs, used, returned });
      lease.used = 0;
      lease.remaining -= returned;
      if (lease.remaining > 0) kept.push(lease);
    }
    this.#leases = kept;
    const granted = this.#granted;
    this.#granted = 0;
    return { uses, granted };
  }

  #wantedAt(nowMs: number): number {
    const { maxTokens, ttlMs } = this.#terms;
    const demand = this.#demand * Math.exp((this.#demandAtMs - nowMs) / ttlMs);
    if (demand < MIN_DEMAND || nowMs < this.#quietUntilMs) return 0;
    const target = Math.min(maxTokens, Math.ceil(demand));
    const remaining = this.tokensAt(nowMs);
    return remaining > Math.min(target, this.#maxHeld) / 2 ? 0 : target - remaining;
  }
}
