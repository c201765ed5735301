/**
 * One bucket as this isolate grants from it by itself: the platform under a `LeaseHolder`. A grant from
 * a lease takes no call to the object; what has to be said to the object is said on the side, in calls
 * that keep running after the response of the request that they began in.
 *
 * Each ask is sent once. Where it fails, and where it is never answered because its request's context
 * was ended by the platform, what it reported counts as spent when its lease ends.
 */
import { waitUntil } from "cloudflare:workers";

import type { Lease, LeaseAsk, LeaseReport } from "../core/lease/lease.ts";
import type { LeaseTerms } from "../core/policy.ts";
import type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
import type { LeaseAnswer } from "../wire/bucket-answers.ts";
import type { BucketState } from "../answers/acquire-answer.ts";
import type { GrantPoints } from "../answers/grant-points.ts";

import { LeaseHolder } from "../core/lease/lease-holder.ts";
import { Policy } from "../core/policy.ts";
import { acquireResponse } from "../answers/acquire-response.ts";
import { isOverloaded } from "../wire/call-with-retry.ts";

/** The isolate's leases of one bucket. */
export class LeasedBucket {
  readonly #ttlMs: number;
  readonly #lend: (ask: LeaseAsk) => Promise<LeaseAnswer>;
  readonly #holder: LeaseHolder;
  readonly #points: GrantPoints | undefined;
  /** The bucket as it was after the last lease. */
  #seen: { readonly snapshot: BucketSnapshot; readonly policy: Policy } | undefined = undefined;
  /** The ask under way; one that was given up is not this one any more. */
  #pending: { readonly sinceMs: number } | undefined = undefined;
  #timerAtMs = -Infinity;

  /**
   * @param lend Calls the object, once.
   * @param points Where grants are written down.
   */
  constructor(
    terms: LeaseTerms,
    lend: (ask: LeaseAsk) => Promise<LeaseAnswer>,
    points?: GrantPoints,
  ) {
    this.#ttlMs = terms.ttlMs;
    this.#lend = lend;
    this.#points = points;
    this.#holder = new LeaseHolder(terms);
  }

  /**
   * The response to a request for `tokens`, where leases cover it; else `undefined`. Then the request has
   * to go to the object with what `returnAll` returns, and `flushReports` is to be called when it is settled.
   */
  acquire(tokens: number): Response | undefined {
    const nowMs = Date.now();
    if (!this.#holder.tryTake(tokens, nowMs) || !this.#seen) return undefined;
    this.#flushReportsAt(nowMs);
    const bucket = this.#bucketAt(this.#seen, nowMs);
    const remaining = bucket.view.tokens;
    const outcome = { ok: true, tokens, remaining, waitedMs: 0, grantedAtMs: nowMs } as const;
    if (this.#points) {
      this.#points.invoked();
      this.#points.write(bucket, [outcome]);
    }
    return acquireResponse({ kind: "outcome", outcome, bucket, tokens, timeoutMs: 0 });
  }

  /** See `LeaseHolder.backOffMs`. */
  backOffMs(): number {
    return this.#holder.backOffMs(Date.now());
  }

  /** The object could not take a request. */
  failedAt(error: unknown): void {
    if (isOverloaded(error)) this.#holder.overloaded(Date.now());
  }

  /** See `LeaseHolder.returnAll`. */
  returnAll(): LeaseReport | undefined {
    return this.#holder.returnAll();
  }

  /**
   * Gives all that is held back, in a call of its own: the bucket is paused, and what is still granted
   * here would go past it. What that begins keeps the context of the request running that it is called in.
   */
  giveUp(): void {
    const report = this.#holder.returnAll();
    if (report) waitUntil(this.#report(report));
  }

  /**
   * Says to the object whatever there is to be said, now and when leases end. What that begins keeps the
   * context of the request running that it is called in.
   */
  flushReports(): void {
    this.#flushReportsAt(Date.now());
  }

  #flushReportsAt(nowMs: number): void {
    if (this.#pending && nowMs >= this.#pending.sinceMs + this.#ttlMs) {
      this.#pending = undefined;
      this.#holder.failed(nowMs);
    }
    const ask = this.#holder.nextAsk(nowMs);
    if (ask) waitUntil(this.#ask(ask, nowMs));
    this.#watch(nowMs);
  }

  async #ask(ask: LeaseAsk, nowMs: number): Promise<void> {
    const pending = { sinceMs: nowMs };
    this.#pending = pending;
    let lease: Lease | undefined;
    let isPaused = false;
    try {
      const answer = await this.#lend(ask);
      if (this.#pending !== pending) return;
      const { name: _, ...fields } = answer.bucket.policy;
      this.#seen = { snapshot: answer.bucket, policy: Policy.of(fields) };
      ({ lease } = answer);
      isPaused = answer.bucket.pausedUntilMs !== undefined;
    } catch (error) {
      // The object was reset, say, or is of a deployment with other policies. It is as good as a bucket
      // that lends nothing.
      this.failedAt(error);
      if (this.#pending !== pending) return;
    }
    this.#pending = undefined;
    const answeredAtMs = Date.now();
    this.#holder.lent(lease, answeredAtMs);
    if (isPaused) this.giveUp();
    this.#watch(answeredAtMs);
  }

  async #report(report: LeaseReport): Promise<void> {
    try {
      await this.#lend({ ...report, wanted: 0 });
    } catch (error) {
      this.failedAt(error);
    }
  }

  /** Sees to it that what is left of a lease is given back when it is over, though nobody comes. */
  #watch(nowMs: number): void {
    const { expiresAtMs } = this.#holder;
    // A timer goes with the context that set it; one that is overdue has gone.
    const isTimerSet = this.#timerAtMs >= nowMs;
    if (expiresAtMs === undefined || isTimerSet || this.#pending) return;
    this.#timerAtMs = expiresAtMs;
    const expired = async (): Promise<void> => {
      await scheduler.wait(Math.max(1, expiresAtMs - nowMs));
      // Not another one's, which was set because this one was late.
      if (this.#timerAtMs === expiresAtMs) this.#timerAtMs = -Infinity;
      // A clock behind the time that it was set for has jumped back.
      this.#flushReportsAt(Math.max(expiresAtMs, Date.now()));
    };
    waitUntil(expired());
  }

  /** What can be said of the bucket without asking: what was there when it lent, and what is left of that. */
  #bucketAt(
    { snapshot, policy }: { readonly snapshot: BucketSnapshot; readonly policy: Policy },
    nowMs: number,
  ): BucketState {
    const { refillIntervalMs } = policy;
    const ticks = Math.max(0, Math.ceil((nowMs - snapshot.nextTickAtMs + 1) / refillIntervalMs));
    const view = {
      ...snapshot,
      tokens: Math.min(policy.capacity, snapshot.tokens + this.#holder.tokensAt(nowMs)),
      nextTickAtMs: snapshot.nextTickAtMs + ticks * refillIntervalMs,
    };
    return { name: snapshot.bucket, policyName: snapshot.policy.name, policy, view, nowMs };
  }
}
