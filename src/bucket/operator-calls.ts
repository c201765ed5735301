/**
 * What operators do with one bucket: look at the queue, take a caller out of it, and override the policy, or
 * try what that would do. `BucketHost` carries out the turns, as it does those of callers.
 *
 * Nothing is kept for these calls. A waiter is found by a walk along the queue, which takes a millisecond for the
 * longest one: operators look seldom, and an acquire pays nothing for them.
 */
import type { AcquireAnswer } from "../answers/acquire-answer.ts";
import type { Waiter } from "../core/queue/waiter-queue.ts";
import type { Place, Turn } from "../core/turn.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { DryRun, QueuedWaiter, QueuedWaiters } from "../protocol/queued-waiter.ts";
import type { DryRunAnswer, PolicyBefore, PolicyChange } from "../wire/bucket-answers.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Caller } from "./caller.ts";
import type { OpenBucket } from "./open-bucket.ts";
import type { BucketPlatform, OverrideNote } from "./platform.ts";

import { Policy } from "../core/policy.ts";
import { knownOverride } from "./known-override.ts";
import { noteOf, previousPolicy } from "./override.ts";

/** What these calls need from the host. */
export interface OperatedHost {
  /** The time of the turn that begins, epoch milliseconds. */
  now(): number;
  /** The bucket in memory; `undefined` if it was never used. */
  bucket(): OpenBucket | undefined;
  /** The bucket, under the configured policy unless it has an override. */
  open(name: string, configured: NamedPolicyFields, nowMs: number): OpenBucket;
  /** Carries out the effects of a turn. */
  finish(bucket: OpenBucket, turn: Turn<Caller>, nowMs: number): void;
  /** Gives an answer to all requests of a caller. */
  settle(caller: Caller, answer: AcquireAnswer): void;
  /** Gives the bucket another policy, and refuses waiters that it makes late. */
  setPolicy(bucket: OpenBucket, policy: Policy, nowMs: number): Turn<Caller>;
  snapshotOf(bucket: OpenBucket, nowMs: number): BucketSnapshot;
}

/** A policy, and what is known of it if it is an override. */
interface InForce {
  readonly policy: Policy;
  readonly override: OverrideNote | undefined;
}

/** Refused waiters that a dry run lists: the rest is counted. */
const MAX_REFUSED = 1_000;

type OperatorPlatform = Pick<BucketPlatform, "timeZones" | "directory">;

/** The operators' side of one bucket. */
export class OperatorCalls {
  readonly #platform: OperatorPlatform;
  readonly #arrivals: Pick<Arrivals, "removed">;
  readonly #host: OperatedHost;

  constructor(platform: OperatorPlatform, arrivals: Pick<Arrivals, "removed">, host: OperatedHost) {
    this.#platform = platform;
    this.#arrivals = arrivals;
    this.#host = host;
  }

  /**
   * The first `limit` waiters, in order. Takes no tokens and does not start the bucket. Callers that come back after a
   * crash are listed once they have their places.
   */
  waiters(name: string, configured: NamedPolicyFields, limit: number): QueuedWaiters {
    const nowMs = this.#host.now();
    const { limiter } = this.#host.open(name, configured, nowMs);
    const waiters: QueuedWaiter[] = [];
    for (const place of limiter.places()) {
      if (waiters.length >= limit) break;
      waiters.push(queuedWaiter(place, nowMs));
    }
    return { waiters, omitted: limiter.waiters - waiters.length };
  }

  /**
   * Takes a waiter out of the queue. All its requests are answered `cancelled-by-admin`, and so is whatever comes back
   * to its place, by its key or its ticket, until its deadline. Those behind it move up in this turn. Returns `false`
   * if nobody of that id waits, any more.
   *
   * @param id As in the list of waiters. Takes any text.
   */
  removeWaiter(id: string): boolean {
    const bucket = this.#host.bucket();
    if (!bucket) return false;
    const nowMs = this.#host.now();
    // Those whose turn it is have got their tokens, even if the alarm is late.
    this.#host.finish(bucket, bucket.limiter.advance(nowMs), nowMs);
    for (const { waiter } of bucket.limiter.places()) {
      if (waiterId(waiter) !== id) continue;
      const { caller } = waiter;
      this.#arrivals.removed(caller, waiter, nowMs);
      this.#host.finish(bucket, bucket.limiter.cancel(waiter, nowMs), nowMs);
      this.#host.settle(caller, { kind: "cancelled-by-admin" });
      return true;
    }
    return false;
  }

  /**
   * Merges `changes` into the bucket's policy and keeps the result as the bucket's override, until that is dropped or
   * the bucket is reset. Waiters are timed anew. Without any change, nothing happens.
   *
   * @param note Why, for other operators.
   */
  changePolicy(
    name: string,
    configured: NamedPolicyFields,
    changes: Readonly<Record<string, unknown>>,
    note?: string,
  ): PolicyChange {
    const nowMs = this.#host.now();
    const bucket = this.#host.open(name, configured, nowMs);
    const { timeZones } = this.#platform;
    const check = Policy.check(bucket.limiter.policy.merge(changes), timeZones);
    if (!check.ok) return { ok: false, errors: check.faults };
    if (Object.keys(changes).length > 0) {
      const override = noteOf(bucket, check.policy, nowMs, note);
      this.#putInForce(bucket, check.policy, override, nowMs);
    }
    return { ok: true, snapshot: this.#host.snapshotOf(bucket, nowMs) };
  }

  /**
   * What `changePolicy` would do, tried on a copy of the limiter. Nothing is written, answered or moved.
   *
   * A waiter counts as moved if it would be granted at another time than foreseen: at once, too, unless its time has
   * come already.
   */
  dryRun(
    name: string,
    configured: NamedPolicyFields,
    changes: Readonly<Record<string, unknown>>,
  ): DryRunAnswer {
    const nowMs = this.#host.now();
    const bucket = this.#host.open(name, configured, nowMs);
    const { limiter } = bucket;
    const check = Policy.check(limiter.policy.merge(changes), this.#platform.timeZones);
    if (!check.ok) return { ok: false, errors: check.faults };
    if (Object.keys(changes).length === 0) {
      return { ok: true, run: { snapshot: this.#host.snapshotOf(bucket, nowMs), ...NOTHING_DONE } };
    }
    const override = noteOf(bucket, check.policy, nowMs, undefined);
    return { ok: true, run: this.#tried(bucket, { policy: check.policy, override }, nowMs) };
  }

  /** What `dropOverride` would do, as `dryRun` says it; `undefined` where it would do nothing. */
  dryRunBack(name: string, configured: NamedPolicyFields, to: PolicyBefore): DryRun | undefined {
    const nowMs = this.#host.now();
    const bucket = this.#host.open(name, configured, nowMs);
    const back = this.#wayBack(bucket, configured, to, nowMs);
    return back && this.#tried(bucket, back, nowMs);
  }

  /**
   * Puts the configured policy in force again, or the override before this one. Waiters are timed anew. Returns the
   * bucket; `undefined`, and nothing happens, if there is no override, or none before it.
   */
  dropOverride(
    name: string,
    configured: NamedPolicyFields,
    to: PolicyBefore,
  ): BucketSnapshot | undefined {
    const nowMs = this.#host.now();
    const bucket = this.#host.open(name, configured, nowMs);
    const back = this.#wayBack(bucket, configured, to, nowMs);
    if (!back) return undefined;
    this.#putInForce(bucket, back.policy, back.override, nowMs);
    return this.#host.snapshotOf(bucket, nowMs);
  }

  /** What an override gives way to; `undefined` if there is none, or none before it. */
  #wayBack(
    bucket: OpenBucket,
    { name: _, ...fields }: NamedPolicyFields,
    to: PolicyBefore,
    nowMs: number,
  ): InForce | undefined {
    const { timeZones } = this.#platform;
    if (!bucket.isOverridden) return undefined;
    if (to === "configured") return { policy: Policy.of(fields, timeZones), override: undefined };
    const policy = previousPolicy(bucket, timeZones);
    return policy && { policy, override: { atMs: nowMs } };
  }

  /** What a policy would do, tried on a copy of the limiter. */
  #tried(bucket: OpenBucket, { policy, override }: InForce, nowMs: number): DryRun {
    const { limiter } = bucket;
    const isOverridden = override !== undefined;
    const trial = { ...bucket, limiter: limiter.copy(), isOverridden, override };
    const turn = this.#host.setPolicy(trial, policy, nowMs);
    const done = whatHappened(limiter.places(), turn, trial.limiter.places(), nowMs);
    return { snapshot: this.#host.snapshotOf(trial, nowMs), ...done };
  }

  #putInForce(
    bucket: OpenBucket,
    policy: Policy,
    override: OverrideNote | undefined,
    nowMs: number,
  ): void {
    bucket.isOverridden = override !== undefined;
    bucket.override = override;
    this.#host.finish(bucket, this.#host.setPolicy(bucket, policy, nowMs), nowMs);
    this.#platform.directory?.noteOverride(bucket.name, knownOverride(bucket));
  }
}

/**
 * Names a waiter as long as it waits: its arrival, which stays the same when the object sleeps, and when the caller
 * comes back by its ticket. Callers that come back otherwise after a crash arrive anew.
 */
function waiterId({ queuedAtMs, arrivalNumber = 0 }: Waiter<unknown>): string {
  return `${queuedAtMs}-${arrivalNumber}`;
}

function queuedWaiter(
  { waiter, position, grantAtMs, estimate }: Place<Caller>,
  nowMs: number,
): QueuedWaiter {
  const { queuedAtMs, deadlineAtMs, caller } = waiter;
  const { tokens, limits, label } = caller.call;
  return {
    id: waiterId(waiter),
    position,
    etaMs: Math.max(0, grantAtMs - nowMs),
    ...(estimate && { estimate }),
    tokens,
    ...(limits && { limits }),
    // Of a caller that was put back, with a fraction.
    queuedAtMs: Math.floor(queuedAtMs),
    deadlineAtMs: Math.floor(deadlineAtMs),
    ...(label !== undefined && { label }),
  };
}

const NOTHING_DONE = { refused: [], moved: 0 } as const;

/**
 * What a turn would do to waiters.
 *
 * @param before Their places before it.
 * @param after The places of those that it leaves in the queue.
 */
function whatHappened(
  before: Iterable<Place<Caller>>,
  { settled }: Turn<Caller>,
  after: Iterable<Place<Caller>>,
  nowMs: number,
): Omit<DryRun, "snapshot"> {
  const outcomes = new Map(settled.map(({ caller, outcome }) => [caller, outcome]));
  const grants = new Map(Array.from(after, ({ waiter, grantAtMs }) => [waiter.caller, grantAtMs]));
  const refused: DryRun["refused"][number][] = [];
  let moved = 0;
  for (const { waiter, grantAtMs } of before) {
    const outcome = outcomes.get(waiter.caller);
    if (outcome?.ok === false) {
      refused.push({ id: waiterId(waiter), reason: outcome.reason });
      continue;
    }
    const grantedAtMs = outcome ? nowMs : grants.get(waiter.caller);
    if (Math.max(nowMs, grantedAtMs ?? nowMs) !== Math.max(nowMs, grantAtMs)) moved += 1;
  }
  const omitted = refused.length - MAX_REFUSED;
  return { refused: refused.slice(0, MAX_REFUSED), ...(omitted > 0 && { omitted }), moved };
}
