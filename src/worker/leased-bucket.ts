/**
 * Buckets as this isolate grants from them: the platform under a `LeaseDriver`. A grant from a lease takes no
 * call to the object. What the object must hear is sent on the side, in calls that keep running after the
 * response of the request that they began in.
 */
import type { LeaseAsk, LeaseReport } from "../core/lease/lease.ts";
import type { AskAnswer, LeaseStep } from "../core/lease/lease-driver.ts";
import type { Grant } from "../core/outcome.ts";
import type { LeaseTerms } from "../core/policy-tables.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { LeaseAnswer } from "../wire/bucket-answers.ts";
import type { GrantingBucket } from "../answers/acquire-answer.ts";
import type { BucketNamespace } from "./config/env.ts";

import { LeaseDriver } from "../core/lease/lease-driver.ts";
import { Policy } from "../core/policy.ts";
import { GrantPoints } from "../answers/grant-points.ts";
import { isOverloaded } from "../wire/call-with-retry.ts";
import { timeZones } from "../time-zones.ts";

/**
 * Buckets whose demand is followed, a few hundred bytes each. Where there are more, the one that was
 * first asked for is forgotten; it still gives back what it holds.
 */
const MAX_BUCKETS = 10_000;

/** Keeps what a promise stands for running after the response of the request it was made in. */
type WaitUntil = (promise: Promise<unknown>) => void;

/** The bucket as it was after the last lease. */
interface SeenBucket {
  readonly snapshot: BucketSnapshot;
  readonly policy: Policy;
}

/** A grant from a lease, and what is known of the bucket. */
export interface LeasedGrant {
  readonly bucket: GrantingBucket;
  readonly grant: Grant;
}

/** The buckets that this isolate holds leases of. They live as long as the isolate does. */
export class LeasedBuckets {
  readonly #objects: BucketNamespace;
  readonly #waitUntil: WaitUntil;
  readonly #dataset: AnalyticsEngineDataset | undefined;
  readonly #known = new Map<string, LeasedBucket>();

  /** @param dataset Where grants from leases are recorded. */
  constructor(objects: BucketNamespace, waitUntil: WaitUntil, dataset?: AnalyticsEngineDataset) {
    this.#objects = objects;
    this.#waitUntil = waitUntil;
    this.#dataset = dataset;
  }

  /** The leases of the bucket `name`; `undefined` where its policy allows none. */
  find(name: string, policy: NamedPolicyFields): LeasedBucket | undefined {
    if (!policy.lease) return undefined;
    let bucket = this.#known.get(name);
    if (!bucket) {
      const lend = async (ask: LeaseAsk): Promise<LeaseAnswer> => {
        return await this.#objects.getByName(name).lend(name, policy, ask);
      };
      const points = this.#dataset && new GrantPoints(this.#dataset, "lease");
      bucket = new LeasedBucket(policy.lease, lend, this.#waitUntil, points);
      const [first] = this.#known.keys();
      if (first !== undefined && this.#known.size >= MAX_BUCKETS) this.#known.delete(first);
      this.#known.set(name, bucket);
    }
    return bucket;
  }
}

/** The isolate's leases of one bucket. */
export class LeasedBucket {
  readonly #lend: (ask: LeaseAsk) => Promise<LeaseAnswer>;
  readonly #waitUntil: WaitUntil;
  readonly #driver: LeaseDriver;
  readonly #points: GrantPoints | undefined;
  #seen: SeenBucket | undefined = undefined;

  /**
   * @param lend Calls the object, once.
   * @param points Where grants are written down.
   */
  constructor(
    terms: LeaseTerms,
    lend: (ask: LeaseAsk) => Promise<LeaseAnswer>,
    waitUntil: WaitUntil,
    points?: GrantPoints,
  ) {
    this.#lend = lend;
    this.#waitUntil = waitUntil;
    this.#points = points;
    this.#driver = new LeaseDriver(terms);
  }

  /**
   * The grant of `tokens`, where leases cover it; else `undefined`. Then the request has to go to the object
   * with what `returnAll` returns, and `flushReports` is to be called when it is settled.
   */
  acquire(tokens: number): LeasedGrant | undefined {
    const nowMs = Date.now();
    const seen = this.#seen;
    if (!this.#driver.tryTake(tokens, nowMs) || !seen) return undefined;
    this.#flushReportsAt(nowMs);
    const { snapshot, policy } = seen;
    const held = snapshot.tokens + this.#driver.tokensAt(nowMs);
    const remaining = Math.min(policy.capacity, held);
    const bucket = bucketAt(seen, nowMs);
    const grant = { ok: true, tokens, remaining, waitedMs: 0, grantedAtMs: nowMs } as const;
    if (this.#points) {
      this.#points.invoked();
      this.#points.write(bucket, [grant]);
    }
    return { bucket, grant };
  }

  /** See `LeaseHolder.backOffMs`. */
  backOffMs(): number {
    return this.#driver.backOffMs(Date.now());
  }

  /** The object could not take a request. */
  failedAt(error: unknown): void {
    if (isOverloaded(error)) this.#driver.overloaded(Date.now());
  }

  /** See `LeaseHolder.returnAll`. */
  returnAll(): LeaseReport | undefined {
    return this.#driver.returnAll();
  }

  /**
   * Gives all that is held back, in a call of its own: the bucket is paused, and what is still granted
   * here would go past it. What that begins keeps the context of the request running that it is called in.
   */
  giveUp(): void {
    const giveBack = this.#driver.giveBack();
    if (giveBack) this.#waitUntil(this.#report(giveBack));
  }

  /**
   * Says to the object whatever there is to be said, now and when leases end. What that begins keeps the
   * context of the request running that it is called in.
   */
  flushReports(): void {
    this.#flushReportsAt(Date.now());
  }

  #flushReportsAt(nowMs: number): void {
    this.#perform(this.#driver.next(nowMs), nowMs);
  }

  #perform({ ask, giveBack, wakeAtMs }: LeaseStep, nowMs: number): void {
    if (ask) this.#waitUntil(this.#ask(ask));
    if (giveBack) this.#waitUntil(this.#report(giveBack));
    if (wakeAtMs !== undefined) this.#waitUntil(this.#wakeAt(wakeAtMs, nowMs));
  }

  async #ask(ask: LeaseAsk): Promise<void> {
    let answer: AskAnswer = { lease: undefined, isPaused: false };
    try {
      const { lease, bucket } = await this.#lend(ask);
      if (!this.#driver.isPending(ask)) return;
      const { name: _, ...fields } = bucket.policy;
      this.#seen = { snapshot: bucket, policy: Policy.of(fields, timeZones) };
      answer = { lease, isPaused: bucket.pausedUntilMs !== undefined };
    } catch (error) {
      // The object was reset, say, or is of a deployment with other policies. It is as good as a bucket
      // that lends nothing.
      this.failedAt(error);
    }
    const nowMs = Date.now();
    this.#perform(this.#driver.answered(ask, answer, nowMs), nowMs);
  }

  async #report(report: LeaseAsk): Promise<void> {
    try {
      await this.#lend(report);
    } catch (error) {
      this.failedAt(error);
    }
  }

  async #wakeAt(wakeAtMs: number, nowMs: number): Promise<void> {
    await scheduler.wait(Math.max(1, wakeAtMs - nowMs));
    const wokeAtMs = Date.now();
    this.#perform(this.#driver.woke(wakeAtMs, wokeAtMs), wokeAtMs);
  }
}

/** What can be said of the bucket without asking. */
function bucketAt({ snapshot, policy }: SeenBucket, nowMs: number): GrantingBucket {
  const { bucket: name, policy: named } = snapshot;
  let { nextTickAtMs } = snapshot;
  const { refillIntervalMs } = named;
  // Only token buckets are lent from.
  if (refillIntervalMs !== undefined) {
    const ticks = Math.max(0, Math.ceil((nowMs - nextTickAtMs + 1) / refillIntervalMs));
    nextTickAtMs += ticks * refillIntervalMs;
  }
  return { name, policyName: named.name, policy, view: { nextTickAtMs }, nowMs };
}
