/**
 * The isolate's side of leases: grants from tokens that it has been lent, and says when to ask for more
 * and how many.
 *
 * **How many** follows the isolate's own demand, which is kept as a sum that fades: each token asked for
 * adds one, and what is there falls to `1/e` in `ttlMs`. At a steady rate it comes to what is asked for
 * in one `ttlMs`, so that is what the holder wants to hold, and it asks again when half of that is left:
 * two to four calls in `ttlMs`, well before either tokens or time run out. A rush doubles the sum with
 * every call; it never exceeds `maxTokens`, so that it fades as soon as a rush is over. Where the bucket
 * lends less than was wanted, half of that is what the holder waits for: to ask on and on would bring no
 * more. When callers stay away, the lease runs out and what is left of it is given back: what has not
 * been asked for since the last call is not asked for again, however slowly the sum fades. Below
 * `MIN_DEMAND` a lease saves nothing, and there is none.
 *
 * **Order within the isolate**: a request that the leases cannot serve goes to the bucket, and takes what
 * is left of them along. So they count for it, and none of those who come later is served before it by a
 * lease that was there when it came.
 *
 * **Overload**: where the bucket turns requests away because there are too many, those that would be
 * lent something are turned away with the rest, and it never gets better. So for a while the isolate
 * sends it no requests, and goes on asking for a lease. Simulated (docs/choosing.md), a start with ten
 * times what the object can take is over in some seconds so, and not in a minute without.
 *
 * **Being refused**: where callers wait or few tokens are left the bucket lends nothing. The holder then
 * stays quiet for a while, and every request goes to the bucket and takes its place in the queue.
 */
import type { Lease, LeaseAsk, LeaseMark, LeaseReport, LeaseUse } from "./lease.ts";
import type { LeaseTerms } from "../policy.ts";

import { invariants } from "../invariants.ts";

/** Tokens in `ttlMs`; with fewer, calls for leases would be about as many as requests. */
const MIN_DEMAND = 4;
/**
 * Time for which nothing is asked after the bucket lent nothing, and no request is sent after it was
 * overloaded, as a share of `ttlMs`.
 */
const RETRY_SHARE = 1 / 4;

interface HeldLease extends LeaseMark {
  /** For this isolate, by its own clock. */
  expiresAtMs: number;
  remaining: number;
  /** Granted, and not reported yet. */
  used: number;
}

/**
 * The leases that one isolate holds of one bucket. Time is handed in: epoch milliseconds of one clock.
 *
 * @example
 * const holder = new LeaseHolder({ maxTokens: 100, ttlMs: 1_000 });
 * holder.tryTake(5, 0); // false: nothing is held, the request goes to the bucket
 * holder.nextAsk(0); // { uses: [], granted: 0, wanted: 5 }, to be sent to the bucket
 * holder.lent({ tokens: 5, startedAtMs: 0, untilMs: 4_000, ttlMs: 1_000 }, 10);
 * holder.tryTake(1, 20); // true
 */
export class LeaseHolder {
  readonly #terms: LeaseTerms;
  /** Oldest first, and taken from in this order. */
  #leases: HeldLease[] = [];
  /** Tokens asked for, fading. */
  #demand = 0;
  #demandAtMs = 0;
  /** Whether a request has come since the last ask: without any, nothing more is wanted. */
  #isCalledFor = false;
  /** Callers granted, and not reported yet. */
  #granted = 0;
  /** When the ask was made that is not answered yet. */
  #askedAtMs: number | undefined = undefined;
  /** What the last ask wanted. */
  #wanted = 0;
  #quietUntilMs = -Infinity;
  #backOffUntilMs = -Infinity;
  /** What was held just after the last lease, if that was smaller than wanted. */
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
   * When to call `nextAsk` though no request comes, to give back what is left; `undefined` where nothing
   * is held. Late is safe: it counts as spent then. A timer that finds the clock behind this instant has
   * seen it jump back: it should hand this instant in as the time.
   */
  get expiresAtMs(): number | undefined {
    return this.#leases[0]?.expiresAtMs;
  }

  /**
   * A request has come: takes its `tokens` and answers `true`, or takes nothing and answers `false`; then
   * it has to go to the bucket, with what `returnAll` returns.
   */
  tryTake(tokens: number, nowMs: number): boolean {
    this.#noteTime(nowMs);
    const { maxTokens, ttlMs } = this.#terms;
    // No lease would be enough for it, so it is no demand for one.
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
   * Gives all that is held back, for the request that it does not cover to take along; `undefined` where
   * nothing is held. That request alone is no reason to ask for more, which might be lent before it gets
   * there.
   */
  returnAll(): LeaseReport | undefined {
    if (this.#leases.length === 0) return undefined;
    this.#isCalledFor = false;
    return this.#report(() => true);
  }

  /**
   * What to ask the bucket now, or to report to it; `undefined` where there is nothing to say, or an
   * earlier ask is not answered yet. It has to be sent, and answered here with `lent` or `failed`.
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

  /** The bucket has answered the last ask, with a lease or with none. */
  lent(lease: Lease | undefined, nowMs: number): void {
    this.#noteTime(nowMs);
    const askedAtMs = this.#askedAtMs ?? nowMs;
    this.#askedAtMs = undefined;
    if (!lease) {
      if (this.#wanted > 0) this.#quietUntilMs = nowMs + this.#terms.ttlMs * RETRY_SHARE;
      return;
    }
    const { startedAtMs, untilMs, tokens: remaining } = lease;
    // By the terms that the bucket goes by: they need not be those that the isolate knows.
    const expiresAtMs = askedAtMs + lease.ttlMs;
    this.#leases.push({ startedAtMs, untilMs, expiresAtMs, remaining, used: 0 });
    this.#maxHeld = remaining < this.#wanted ? this.tokensAt(nowMs) : Infinity;
  }

  /** The last ask has failed: what it reported is lost, and counts as spent when its lease ends. */
  failed(nowMs: number): void {
    this.lent(undefined, nowMs);
  }

  /** The bucket has turned a request or an ask away because it is overloaded. */
  overloaded(nowMs: number): void {
    this.#noteTime(nowMs);
    this.#backOffUntilMs = nowMs + this.#terms.ttlMs * RETRY_SHARE;
  }

  /** For how long no request is to go to the bucket, in milliseconds; 0 where any may. */
  backOffMs(nowMs: number): number {
    this.#noteTime(nowMs);
    return Math.max(0, this.#backOffUntilMs - nowMs);
  }

  /** A clock that has jumped back would make leases last longer than the bucket keeps their room. */
  #noteTime(nowMs: number): void {
    if (nowMs < this.#latestMs) {
      for (const lease of this.#leases) lease.expiresAtMs = -Infinity;
      // And one that is on its way: it is over as it comes.
      if (this.#askedAtMs !== undefined) this.#askedAtMs = -Infinity;
      this.#demandAtMs = Math.min(this.#demandAtMs, nowMs);
      this.#quietUntilMs = -Infinity;
      this.#backOffUntilMs = -Infinity;
    }
    this.#latestMs = nowMs;
  }

  /** Says what has become of every lease since it was last said, and lets go of those that are over. */
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
