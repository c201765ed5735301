/**
 * The isolate's side of leases: grants from tokens that it has been lent, and says when to ask for more
 * and how many.
 *
 * **How many** follows the isolate's own demand, which is kept as a sum that fades: each token asked for
 * adds one, and what is there falls to `1/e` in `ttlMs`. At a steady rate it comes to what is asked for
 * in one `ttlMs`, so that is what the holder wants to hold, and it asks again when half of that is left:
 * about two calls in `ttlMs`, well before either tokens or time run out. A rush doubles the sum with
 * every call. When callers stay away, the lease runs out and what is left of it is given back: what has
 * not been asked for since the last call is not asked for again, however slowly the sum fades. Below
 * `LEAST_DEMAND` a lease saves nothing, and there is none.
 *
 * **Order within the isolate**: a request that the lease cannot serve goes to the bucket, and what is
 * left of the lease goes back with it. So none of those who come later is served before it by a lease
 * that was there when it came.
 *
 * **Being refused**: where callers wait or few tokens are left the bucket lends nothing. The holder then
 * stays quiet for a while, and every request goes to the bucket and takes its place in the queue.
 */
import type { Lease, LeaseAsk, LeaseMark, LeaseUse } from "./lease.ts";
import type { LeaseTerms } from "./policy.ts";

/** Tokens in `ttlMs`; with fewer, calls for leases would be about as many as requests. */
const LEAST_DEMAND = 4;
/** Time for which nothing is asked after the bucket lent nothing, as a share of `ttlMs`. */
const RETRY_SHARE = 1 / 4;

interface HeldLease extends LeaseMark {
  /** For this isolate, by its own clock. */
  readonly expiresAtMs: number;
  left: number;
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
 * holder.lent({ tokens: 5, startedAtMs: 0, untilMs: 4_000 }, 10);
 * holder.tryTake(1, 20); // true
 */
export class LeaseHolder {
  readonly #terms: LeaseTerms;
  /** Oldest first, and taken from in this order. */
  #leases: HeldLease[] = [];
  /** Tokens asked for, fading. */
  #demand = 0;
  #demandAtMs = 0;
  /** Callers granted, and not reported yet. */
  #granted = 0;
  /** When the ask was made that is not answered yet. */
  #askedAtMs: number | undefined = undefined;
  /** What the last ask wanted. */
  #wanted = 0;
  /** Whether a request has come since the last ask. */
  #isInDemand = false;
  #quietUntilMs = -Infinity;
  /** Whether all that is left is to go back with the next ask. */
  #isHandingIn = false;
  #latestMs = -Infinity;

  constructor(terms: LeaseTerms) {
    this.#terms = terms;
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
   * it has to go to the bucket.
   */
  tryTake(tokens: number, nowMs: number): boolean {
    this.#noteTime(nowMs);
    const fadedBy = Math.exp((this.#demandAtMs - nowMs) / this.#terms.ttlMs);
    this.#demand = this.#demand * fadedBy + tokens;
    this.#demandAtMs = nowMs;
    this.#isInDemand = true;
    if (this.#isHandingIn) return false;
    if (this.#leftAt(nowMs) < tokens) {
      this.#isHandingIn = this.#leases.length > 0;
      return false;
    }
    let missing = tokens;
    for (const lease of this.#leases) {
      if (nowMs >= lease.expiresAtMs) continue;
      const taken = Math.min(missing, lease.left);
      lease.left -= taken;
      lease.used += taken;
      missing -= taken;
    }
    this.#granted += 1;
    return true;
  }

  /**
   * What to ask the bucket now, or to report to it; `undefined` where there is nothing to say, or an
   * earlier ask is not answered yet. It has to be sent, and answered here with `lent` or `failed`.
   */
  nextAsk(nowMs: number): LeaseAsk | undefined {
    this.#noteTime(nowMs);
    if (this.#askedAtMs !== undefined) return undefined;
    const wanted = this.#isHandingIn ? 0 : this.#wantedAt(nowMs);
    const isOver = this.#leases.some(({ expiresAtMs }) => nowMs >= expiresAtMs);
    if (wanted === 0 && !isOver && !this.#isHandingIn) return undefined;
    const uses: LeaseUse[] = [];
    for (const { startedAtMs, untilMs, expiresAtMs, left, used } of this.#leases) {
      const returned = this.#isHandingIn || nowMs >= expiresAtMs ? left : 0;
      if (used + returned > 0) uses.push({ startedAtMs, untilMs, used, returned });
    }
    const granted = this.#granted;
    this.#granted = 0;
    this.#leases = this.#leases.filter(({ expiresAtMs, left }) => {
      return !this.#isHandingIn && nowMs < expiresAtMs && left > 0;
    });
    for (const lease of this.#leases) lease.used = 0;
    this.#isHandingIn = false;
    this.#isInDemand = false;
    this.#askedAtMs = nowMs;
    this.#wanted = wanted;
    return { uses, granted, wanted };
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
    const { startedAtMs, untilMs, tokens: left } = lease;
    // By the terms that the bucket goes by: they need not be those that the isolate knows.
    const expiresAtMs = askedAtMs + lease.ttlMs;
    this.#leases.push({ startedAtMs, untilMs, expiresAtMs, left, used: 0 });
  }

  /** The last ask has failed: what it reported is lost, and counts as spent when its lease ends. */
  failed(nowMs: number): void {
    this.lent(undefined, nowMs);
  }

  /** A clock that has jumped back would make leases last longer than the bucket keeps their room. */
  #noteTime(nowMs: number): void {
    if (nowMs < this.#latestMs) {
      this.#isHandingIn = this.#leases.length > 0;
      // And one that is on its way: it is over as it comes.
      if (this.#askedAtMs !== undefined) this.#askedAtMs = -Infinity;
      this.#demandAtMs = Math.min(this.#demandAtMs, nowMs);
      this.#quietUntilMs = -Infinity;
    }
    this.#latestMs = nowMs;
  }

  #leftAt(nowMs: number): number {
    let tokens = 0;
    for (const { left, expiresAtMs } of this.#leases) if (nowMs < expiresAtMs) tokens += left;
    return tokens;
  }

  #wantedAt(nowMs: number): number {
    const { maxTokens, ttlMs } = this.#terms;
    const demand = this.#demand * Math.exp((this.#demandAtMs - nowMs) / ttlMs);
    if (!this.#isInDemand || demand < LEAST_DEMAND || nowMs < this.#quietUntilMs) return 0;
    const target = Math.min(maxTokens, Math.ceil(demand));
    const left = this.#leftAt(nowMs);
    return left > target / 2 ? 0 : target - left;
  }
}
