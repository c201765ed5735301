/**
 * The Durable Object of one bucket: the shell around the limiter. It owns what the core must not: the
 * clock (read once a turn), the promises of those who wait, the storage and the daemon.
 *
 * **A turn** always goes the same way: the core decides, the next alarm is armed, the state is
 * written, the callers are told. All writes of a turn are one commit, and the runtime holds every
 * response back until it is on disk: no grant leaves that a crash could forget. Waiters are not
 * written. They live as long as the requests that wait for them, and when the object is reset the
 * Worker, which holds those requests, puts them back.
 *
 * **Coming up** follows the lesson of the factory that starts its daemon only when the filter is
 * built: the constructor loads the state and arms nothing. An alarm that it finds armed tells it that
 * callers were waiting when its predecessor went. They will be back within moments but in any order,
 * so for a short while all who come are gathered, and only then let in, in the order in which they
 * first arrived.
 */
import { DurableObject } from "cloudflare:workers";

import type { LimiterState, Outcome, Turn } from "../core/limiter.ts";
import type { PolicyFields } from "../core/policy.ts";
import type { AcquireCall, BucketSnapshot, NamedPolicyFields, PolicyChange } from "../protocol.ts";
import type { AnsweringBucket } from "./acquire-response.ts";

import { Limiter } from "../core/limiter.ts";
import { Policy, integerFault } from "../core/policy.ts";
import { decodeAcquireCall } from "./acquire-call.ts";
import {
  acquireResponse,
  bucketResetResponse,
  invalidRequestResponse,
} from "./acquire-response.ts";
import { AlarmDaemon } from "./alarm-daemon.ts";
import { Gathering } from "./gathering.ts";

/** Where the state is kept. */
const STATE_KEY = "bucket";
/** How it is written; a later one has to read what this one wrote. */
const FORMAT = 1;

/** Tells one held request how it ended. */
type Caller = (outcome: Outcome, nowMs: number) => void;

/** The state on disk. */
interface BucketRecord {
  readonly format: number;
  readonly name: string;
  readonly policyName: string;
  /** The policy in force: the configured one as of the last write, or an override. */
  readonly policy: Required<PolicyFields>;
  readonly isOverridden: boolean;
  readonly limiter: LimiterState;
}

interface OpenBucket {
  readonly name: string;
  readonly limiter: Limiter<Caller>;
  policyName: string;
  isOverridden: boolean;
  /** The limiter's revision that is on disk; none before the first write. */
  savedRevision: number;
}

/** One bucket. Reached only through this project's Worker. */
export class BucketObject extends DurableObject<Env> {
  readonly #daemon: AlarmDaemon;
  #bucket: OpenBucket | undefined;
  /** Open for a moment after callers have lost their places. */
  #gathering: Gathering | undefined = undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#daemon = new AlarmDaemon(ctx.storage, () => this.#advance());
    const record = ctx.storage.kv.get<BucketRecord>(STATE_KEY);
    this.#bucket = record && restore(record);
    void ctx.blockConcurrencyWhile(async () => {
      const alarmAtMs = await ctx.storage.getAlarm();
      if (alarmAtMs === null) return;
      this.#daemon.adoptAlarm(alarmAtMs);
      this.#gathering = new Gathering(Date.now());
    });
  }

  /** `/acquire`, forwarded by the Worker. Settles with the outcome; rejects if the object is reset. */
  override fetch(request: Request): Promise<Response> {
    const call = decodeAcquireCall(request.headers);
    const { signal } = request;
    return new Promise((resolve) => {
      const nowMs = Date.now();
      const admit = (admittedAtMs: number): void => {
        const heldMs = Math.max(0, admittedAtMs - nowMs);
        this.#admit(call, heldMs, signal, resolve, admittedAtMs);
      };
      if (!this.#gathering?.isOpen(nowMs)) {
        this.#gathering = undefined;
        admit(nowMs);
        return;
      }
      const drain = (): void => resolve(bucketResetResponse());
      this.#gathering.hold({ putBackFromMs: call.putBack?.arrivedAtMs, admit, drain }, nowMs);
    });
  }

  /** The daemon's tick. */
  override alarm(): void {
    this.#daemon.alarmFired(Date.now());
    this.#advance();
  }

  /**
   * What the bucket looks like. Takes nothing and starts nothing; where the configured policy has
   * changed, those who wait are timed anew first. Rejects if the object is reset.
   */
  inspect(name: string, configured: NamedPolicyFields): BucketSnapshot {
    const nowMs = Date.now();
    return snapshot(this.#open(name, configured, nowMs), nowMs);
  }

  /**
   * Lays `changes` over the bucket's policy and keeps the result as its own, for good. The answer is held
   * back until it is on disk. Rejects if the object is reset; the change may then be kept or not.
   */
  changePolicy(
    name: string,
    configured: NamedPolicyFields,
    changes: Readonly<Record<string, unknown>>,
  ): PolicyChange {
    const nowMs = Date.now();
    const bucket = this.#open(name, configured, nowMs);
    const check = Policy.check(bucket.limiter.policy.merge(changes));
    if (!check.ok) return { ok: false, errors: check.faults };
    if (Object.keys(changes).length > 0) {
      bucket.isOverridden = true;
      this.#finish(bucket, bucket.limiter.setPolicy(check.policy, nowMs), nowMs);
    }
    return { ok: true, snapshot: snapshot(bucket, nowMs) };
  }

  /**
   * Refuses all who wait with `bucket-reset`, and forgets everything: tokens, counts, override. Resolves
   * when it is gone from the disk. Rejects if the object is reset; it may then be gone or not.
   */
  async reset(): Promise<void> {
    const nowMs = Date.now();
    const turn = this.#bucket?.limiter.drain();
    this.#bucket = undefined;
    this.#daemon.arm(undefined, nowMs);
    const erased = this.ctx.storage.deleteAll();
    this.#daemon.forgetAlarm();
    for (const { caller, outcome } of turn?.settled ?? []) caller(outcome, nowMs);
    this.#gathering?.drain();
    await erased;
  }

  /** @param heldMs How long the request was held at the door; it counts against its timeout. */
  #admit(
    call: AcquireCall,
    heldMs: number,
    signal: AbortSignal,
    resolve: (response: Response) => void,
    nowMs: number,
  ): void {
    // The caller has gone: nobody reads the answer.
    const leave = (): void => resolve(new Response(null, { status: 499 }));
    if (signal.aborted) {
      leave();
      return;
    }
    // A caller put back by the Worker of an earlier deployment brings the policy of that time.
    const bucket = (call.putBack && this.#bucket) ?? this.#open(call.bucket, call.policy, nowMs);
    const { limiter } = bucket;
    const { maxWaitMs } = limiter.policy;
    const { tokens, timeoutMs = maxWaitMs, putBack } = call;
    if (timeoutMs > maxWaitMs && !putBack) {
      const fault = integerFault("timeoutMs", timeoutMs, { min: 0, max: maxWaitMs });
      resolve(invalidRequestResponse([fault]));
      return;
    }
    const caller: Caller = (outcome, settledAtMs) => {
      resolve(acquireResponse(answering(bucket, settledAtMs), outcome, { tokens, timeoutMs }));
    };
    const leftMs = Math.max(0, timeoutMs - heldMs - (putBack?.elapsedMs ?? 0));
    const place = putBack && { putBackFromMs: putBack.arrivedAtMs };
    const turn = limiter.acquire({ caller, tokens, timeoutMs: leftMs, ...place }, nowMs);
    const { waiter } = turn;
    if (waiter) {
      const onAbort = (): void => {
        const leftAtMs = Date.now();
        this.#finish(bucket, limiter.cancel(waiter, leftAtMs), leftAtMs);
        leave();
      };
      signal.addEventListener("abort", onAbort, { once: true });
    }
    this.#finish(bucket, turn, nowMs);
  }

  #advance(): void {
    const nowMs = Date.now();
    if (this.#bucket) this.#finish(this.#bucket, this.#bucket.limiter.advance(nowMs), nowMs);
  }

  /** The second half of a turn: arm, write, tell. */
  #finish(bucket: OpenBucket, turn: Turn<Caller>, nowMs: number): void {
    // A request of a bucket that was reset in the meantime has been settled by the reset.
    if (bucket !== this.#bucket) return;
    this.#daemon.arm(bucket.limiter.nextWakeAtMs, nowMs);
    this.#save(bucket);
    for (const { caller, outcome } of turn.settled) caller(outcome, nowMs);
  }

  #save(bucket: OpenBucket): void {
    const { limiter } = bucket;
    if (limiter.revision === bucket.savedRevision) return;
    const record: BucketRecord = {
      format: FORMAT,
      name: bucket.name,
      policyName: bucket.policyName,
      policy: limiter.policy.toJSON(),
      isOverridden: bucket.isOverridden,
      limiter: limiter.toJSON(),
    };
    try {
      this.ctx.storage.kv.put(STATE_KEY, record);
    } catch (error) {
      // Memory is ahead of the disk: start again from the disk, and let the Worker put back all who wait.
      this.ctx.abort("Cannot write the bucket's state");
      // Nobody must be told what is not written, whether or not the abort ends this turn here.
      throw error;
    }
    bucket.savedRevision = limiter.revision;
  }

  /** The bucket, under the configured policy unless it has one of its own. */
  #open(name: string, configured: NamedPolicyFields, nowMs: number): OpenBucket {
    const { name: policyName, ...fields } = configured;
    const bucket = (this.#bucket ??= {
      name,
      policyName,
      limiter: new Limiter<Caller>(Policy.of(fields)),
      isOverridden: false,
      savedRevision: 0,
    });
    bucket.policyName = policyName;
    if (!bucket.isOverridden && !bucket.limiter.policy.equals(fields)) {
      this.#finish(bucket, bucket.limiter.setPolicy(Policy.of(fields), nowMs), nowMs);
    }
    return bucket;
  }
}

function restore(record: BucketRecord): OpenBucket {
  if (record.format !== FORMAT) {
    throw new RangeError(
      `Cannot read a state of format ${record.format}: this is format ${FORMAT}`,
    );
  }
  const limiter = Limiter.from<Caller>(Policy.of(record.policy), record.limiter);
  const { name, policyName, isOverridden } = record;
  return { name, policyName, isOverridden, limiter, savedRevision: limiter.revision };
}

function answering({ name, policyName, limiter }: OpenBucket, nowMs: number): AnsweringBucket {
  return { name, policyName, policy: limiter.policy, view: limiter.inspect(nowMs), nowMs };
}

function snapshot({ name, policyName, limiter }: OpenBucket, nowMs: number): BucketSnapshot {
  return {
    bucket: name,
    policy: { name: policyName, ...limiter.policy.toJSON() },
    ...limiter.inspect(nowMs),
  };
}
