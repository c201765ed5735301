/** Buckets as the Worker sees them: its side of the calls to their objects. */
import type { Ask } from "../core/ask.ts";
import type { HoldAnswer, HoldCall, PermitAnswer } from "../core/holds/hold-call.ts";
import type { Pause } from "../core/pause.ts";
import type { DryRun, QueuedWaiters } from "../protocol/queued-waiter.ts";
import type { BucketHistory } from "../protocol/bucket-history.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { AcquireCall } from "../wire/acquire-call.ts";
import type {
  DryRunAnswer,
  PauseAnswer,
  PolicyBefore,
  PolicyChange,
} from "../wire/bucket-answers.ts";
import type { PlaceFollower } from "../wire/acquire-lines.ts";
import type { SocketKind } from "../wire/socket-call.ts";
import type { BucketObject } from "../bucket/bucket-object.ts";
import type { Again, LosableAcquire } from "./call-with-requeue.ts";
import type { BucketAccess } from "./config/env.ts";
import type { LeasedBucket, LeasedBuckets, LeasedGrant } from "./leased-bucket.ts";

import { grantedResponse } from "../answers/acquire-response.ts";
import { granted } from "../answers/acquire-result.ts";
import { problemResponse } from "../answers/problem.ts";
import { tokensText } from "../protocol/text.ts";
import { encodeAcquireCall, encodeAsk } from "../wire/acquire-call.ts";
import { followLines } from "../wire/acquire-lines.ts";
import { BucketUnreachableError, callWithRetry } from "../wire/call-with-retry.ts";
import { socketRequest } from "../wire/socket-call.ts";
import { callWithRequeue } from "./call-with-requeue.ts";
import { errorResponse } from "./failure-response.ts";
import {
  UnreadableStateError,
  faultOf,
  forgetUnreachable,
  noteUnreachable,
  type BucketPlace,
} from "./unreachable-log.ts";

/** Keeps arrivals within one millisecond in order; a thousand fit before the next millisecond. */
const ARRIVAL_STEP_MS = 0.001;

/** When to retry if only the object could have said so. */
const RESTARTED_RETRY_MS = 1_000;

/** Attempts of a call without a look at the bucket's file: one failure is usually a reset. */
const TRUSTING_ATTEMPTS = 2;

let lastArrivalAtMs = 0;

/** The instant of an arrival, epoch milliseconds with a fraction: later than every earlier one. */
function arrivalStamp(): number {
  lastArrivalAtMs = Math.max(Date.now(), lastArrivalAtMs + ARRIVAL_STEP_MS);
  return lastArrivalAtMs;
}

/** The part of a deployment that buckets need. */
export interface BucketDeployment {
  /** The objects and, if they can be seen, their files, which show why an object can't be reached. */
  readonly env: BucketAccess;
  readonly leases: Pick<LeasedBuckets, "find">;
  /** The clock of the buckets, epoch milliseconds. */
  readonly now: () => number;
}

/** The sender of a request. Its signal is only read when a call has failed: reading it creates it. */
export type BucketCaller = Pick<Request, "signal">;

/**
 * One bucket, by name. The promise of an acquire doesn't reject. Every other one rejects with a
 * `BucketUnreachableError` if the object can't be reached, and with the signal's reason if the caller leaves
 * while it is being reached.
 */
export class BucketStub {
  readonly deployment: BucketDeployment;
  readonly name: string;
  readonly policy: NamedPolicyFields;
  readonly caller: BucketCaller | undefined;

  /**
   * @param caller Once it has left, no call is made again. Not needed by an acquire over HTTP: when its client
   * leaves, the runtime ends whatever the request has started, even between two calls. So while it waits, the
   * request isn't kept, which would take 2 KiB.
   */
  constructor(
    deployment: BucketDeployment,
    name: string,
    policy: NamedPolicyFields,
    caller: BucketCaller | undefined,
  ) {
    this.deployment = deployment;
    this.name = name;
    this.policy = policy;
    this.caller = caller;
  }

  /**
   * The response: the grant from this isolate's lease, if there is one that covers it, or what the object
   * answers (`acquireAtObject`).
   *
   * @param follower Is notified of the request's place while it waits. Its signal replaces the caller's.
   */
  acquire(ask: Ask, follower?: PlaceFollower): Response | Promise<Response> {
    // Most policies have no leases, and then nothing of them is looked at.
    if (!this.policy.lease) return callWithRequeue(new ObjectAcquire(this, ask, follower));
    const leased = this.acquireFromLease(ask);
    if (leased) return grantedResponse(granted(leased.bucket, leased.grant));
    return this.acquireAtObject(ask, follower);
  }

  /**
   * The grant, if this isolate's lease covers it; otherwise the request has to go to the object, by
   * `acquireAtObject`.
   */
  acquireFromLease(ask: Ask): LeasedGrant | undefined {
    return this.#leasedFor(ask)?.acquire(ask.tokens);
  }

  /**
   * The object's response, which is the grant or the refusal; a refusal, too, if the object can't be reached.
   * If the object is reset while the request waits, the request returns to its place in the order of arrival
   * with the rest of its timeout.
   */
  acquireAtObject(ask: Ask, follower?: PlaceFollower): Response | Promise<Response> {
    const leased = this.#leasedFor(ask);
    if (!leased) return callWithRequeue(new ObjectAcquire(this, ask, follower));
    const backOffMs = leased.backOffMs();
    if (backOffMs > 0) {
      leased.flushReports();
      const detail = "The bucket gets more requests than it can answer";
      const policy = this.policy.name;
      return problemResponse("unavailable", { detail, retryAfterMs: backOffMs, policy });
    }
    const returnedLeases = leased.returnAll();
    const along = { leased, report: returnedLeases && { returnedLeases } };
    const response = callWithRequeue(new ObjectAcquire(this, ask, follower, along));
    // Not earlier: work that goes on after a response keeps the object from noticing that a caller has left.
    return response.finally(() => leased.flushReports());
  }

  /**
   * The leases that may cover a request. None do for one that only the object can answer: with a key, a ticket
   * or a hold, which the object remembers, with tokens of single limits, or refused by the configured policy unless the
   * bucket has its own. It must neither be answered from a lease nor cost the isolate its lease.
   */
  #leasedFor(ask: Ask): LeasedBucket | undefined {
    const { tokens, limits, timeoutMs = 0, holdMs, idempotencyKey, ticket } = ask;
    const { capacity, maxWaitMs } = this.policy;
    const isKept = idempotencyKey !== undefined || ticket !== undefined || holdMs !== undefined;
    const isForObject =
      isKept || limits !== undefined || tokens === 0 || tokens > capacity || timeoutMs > maxWaitMs;
    return isForObject ? undefined : this.#leased();
  }

  /**
   * Cancels the acquire with this key, and resolves with whether it was waiting. If the object is reset
   * before it answers, the call is repeated: acquires that have not been requeued by then find their key
   * cancelled.
   */
  cancel(idempotencyKey: string): Promise<boolean> {
    return this.#callWithRetry(async () => await this.#stub().cancel(idempotencyKey));
  }

  /** The bucket's current state. */
  inspect(): Promise<BucketSnapshot> {
    return this.#callWithRetry(async () => await this.#stub().inspect(this.name, this.policy));
  }

  /** The first `limit` waiters, in order. */
  waiters(limit: number): Promise<QueuedWaiters> {
    return this.#callWithRetry(async () => {
      return await this.#stub().waiters(this.name, this.policy, limit);
    });
  }

  /**
   * Takes a waiter out of the queue, and resolves with whether it was waiting. If the object is reset before it answers,
   * the call is repeated: `false` may then mean that the first call has removed it.
   */
  removeWaiter(id: string): Promise<boolean> {
    return this.#callWithRetry(async () => await this.#stub().removeWaiter(id));
  }

  /** What the last hour was like, as far as the bucket was busy and its object in memory. */
  async history(): Promise<BucketHistory> {
    const history: unknown = await this.#callWithRetry(async () => await this.#stub().history());
    // The types of RPC make an array of any length of a tuple.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return history as BucketHistory;
  }

  /** A response with the caller's end of a WebSocket that sends events; or the refusal. */
  watch(): Promise<Response> {
    return this.#openSocket("watch");
  }

  /**
   * A response with the caller's end of a WebSocket that takes acquires; or the refusal. All of them go to the
   * object, leases or not.
   */
  session(): Promise<Response> {
    return this.#openSocket("session");
  }

  /** Gives the bucket its own policy. */
  changePolicy(changes: Readonly<Record<string, unknown>>, note?: string): Promise<PolicyChange> {
    return this.#callWithRetry(
      async () => await this.#stub().changePolicy(this.name, this.policy, changes, note),
    );
  }

  /** What `changePolicy` would do; nothing changes. */
  dryRun(changes: Readonly<Record<string, unknown>>): Promise<DryRunAnswer> {
    return this.#callWithRetry(async () => {
      return await this.#stub().dryRun(this.name, this.policy, changes);
    });
  }

  /** What `dropOverride` would do; nothing changes. Resolves with `undefined` if that is nothing. */
  dryRunBack(to: PolicyBefore): Promise<DryRun | undefined> {
    return this.#callWithRetry(async () => {
      return await this.#stub().dryRunBack(this.name, this.policy, to);
    });
  }

  /**
   * Puts an earlier policy in force again; resolves with `undefined` if there is none. If the object is reset before it
   * answers, the call is repeated: `undefined` may then mean that the first call has done it.
   */
  dropOverride(to: PolicyBefore): Promise<BucketSnapshot | undefined> {
    return this.#callWithRetry(async () => {
      return await this.#stub().dropOverride(this.name, this.policy, to);
    });
  }

  /**
   * Keeps at most `tokens` in the bucket, and makes its ticks bring nothing until `untilMs`. Idempotent; an
   * instant in the past changes nothing. This isolate returns its lease; other isolates return theirs with
   * their next call to the object.
   */
  async pause(pause: Pause): Promise<PauseAnswer> {
    const snapshot = await this.#callWithRetry(
      async () => await this.#stub().pause(this.name, this.policy, pause),
    );
    if ("pausedUntilMs" in snapshot) this.#leased()?.giveUp();
    return snapshot;
  }

  /** Ends a pause, no matter who started it. */
  resume(limits?: readonly string[]): Promise<PauseAnswer> {
    return this.#callWithRetry(async () => {
      return await this.#stub().resume(this.name, this.policy, limits);
    });
  }

  /**
   * Does what the holder of the hold `id` asks for. Idempotent; if the object is reset before it answers, the call
   * is repeated. So with the other calls of holders.
   */
  changeHold(id: string, call: HoldCall): Promise<HoldAnswer> {
    return this.#callWithRetry(async () => {
      return await this.#stub().changeHold(this.name, this.policy, id, call);
    });
  }

  /** Settles the hold `id`, of which nothing was used. */
  dropHold(id: string): Promise<HoldAnswer> {
    return this.#callWithRetry(async () => await this.#stub().dropHold(this.name, this.policy, id));
  }

  /** Keeps the permit `id` for as long as a new one lasts. */
  extendPermit(id: string): Promise<PermitAnswer> {
    return this.#callWithRetry(async () => {
      return await this.#stub().extendPermit(this.name, this.policy, id);
    });
  }

  /** Gives the permit `id` back. */
  releasePermit(id: string): Promise<void> {
    return this.#callWithRetry(async () => {
      await this.#stub().releasePermit(this.name, this.policy, id);
    });
  }

  /**
   * Refuses all waiters and forgets the bucket. If the object is reset before it answers, the call is
   * repeated, and also refuses callers that arrived in between. An object that can't read its state can't
   * erase it either; then the file is set aside, if this deployment can do that.
   */
  reset(): Promise<void> {
    return this.#callWithRetry(async () => {
      try {
        await this.#stub().reset();
      } catch (error) {
        if ((await this.deployment.env.FILES?.setAside(this.name)) !== true) throw error;
      }
      forgetUnreachable(this.name);
    });
  }

  #openSocket(kind: SocketKind): Promise<Response> {
    const call = { bucket: this.name, policy: this.policy };
    return this.#callWithRetry(() => this.#stub().fetch(socketRequest(kind, call)));
  }

  /** `callWithRetry`, except that it stops once retrying can't help, and logs a failure. */
  #callWithRetry<Result>(call: () => Promise<Result>): Promise<Result> {
    const place = placeOf(this);
    let attempts = 0;
    const attempt = async (): Promise<Result> => {
      if (attempts >= TRUSTING_ATTEMPTS) await checkReadable(place);
      attempts += 1;
      return await call();
    };
    return callWithRetry(attempt, this.caller).catch(async (error: unknown) => {
      throw error instanceof BucketUnreachableError ? await noteUnreachable(error, place) : error;
    });
  }

  /** This isolate's lease. */
  #leased(): LeasedBucket | undefined {
    return this.deployment.leases.find(this.name, this.policy);
  }

  #stub(): DurableObjectStub<BucketObject> {
    return this.deployment.env.BUCKETS.getByName(this.name);
  }
}

/** The leases that did not cover an acquire, and what goes back with its first call: it must not count twice. */
interface AlongWithAcquire {
  readonly leased: LeasedBucket;
  readonly report: Pick<AcquireCall, "returnedLeases"> | undefined;
}

/**
 * One acquire at its object. All of it is one object without a closure, because nearly every request makes
 * one, and one that waits keeps it.
 */
class ObjectAcquire implements LosableAcquire<Response> {
  readonly arrivedAtMs = arrivalStamp();
  readonly #bucket: BucketStub;
  readonly #ask: Ask;
  readonly #follower: PlaceFollower | undefined;
  readonly #along: AlongWithAcquire | undefined;
  /** Of the place that the object has reported last. */
  #ticket: string | undefined = undefined;

  constructor(bucket: BucketStub, ask: Ask, follower?: PlaceFollower, along?: AlongWithAcquire) {
    this.#bucket = bucket;
    this.#ask = ask;
    this.#follower = follower;
    this.#along = along;
  }

  get bucket(): string {
    return this.#bucket.name;
  }

  get caller(): BucketCaller | undefined {
    return this.#follower ?? this.#bucket.caller;
  }

  get maxWaitMs(): number {
    return this.#bucket.policy.maxWaitMs;
  }

  get timeoutMs(): number | undefined {
    return this.#ask.timeoutMs;
  }

  /**
   * The first call is made without the caller's signal: when the caller leaves, the runtime ends this call by
   * itself, and the signal would add nothing. (Measured: while `waitUntil` holds this request open, neither
   * ends it.)
   */
  call(again?: Again): Promise<Response> {
    const { deployment, name, policy } = this.#bucket;
    const object = deployment.env.BUCKETS.getByName(name);
    const follower = this.#follower;
    const report = this.#along?.report;
    if (!again && !follower && !report) return object.fetch(encodeAsk(policy, name, this.#ask));
    const url = encodeAcquireCall({
      bucket: name,
      policy,
      ...this.#ask,
      ...(follower && { isStreamed: true }),
      ...(again ? this.#requeued(again) : report),
    });
    const signal = again?.signal;
    if (follower) return followLines(object, url, this.#noting(follower), signal);
    return signal ? object.fetch(url, { signal }) : object.fetch(url);
  }

  /** The follower, whose ticket is kept: a lost call brings it along. */
  #noting({ signal, moved }: PlaceFollower): PlaceFollower {
    return {
      signal,
      moved: (place): void => {
        this.#ticket = place.ticket;
        moved(place);
      },
    };
  }

  #requeued({ signal: _, ...progress }: Again): Required<Pick<AcquireCall, "requeued">> {
    const ticket = this.#ticket;
    const { arrivedAtMs } = this;
    return { requeued: { arrivedAtMs, ...progress, ...(ticket !== undefined && { ticket }) } };
  }

  /** One failure is usually a reset; after more, it is worth a look at whether the state can be read at all. */
  async checkState(): Promise<void> {
    await checkReadable(this.#place());
  }

  timedOut(): Response {
    const { timeoutMs } = this.#ask;
    const within = timeoutMs === undefined ? "in time" : `within ${timeoutMs} ms`;
    return problemResponse("timeout", {
      detail: `Cannot acquire ${tokensText(this.#ask)} ${within}: the bucket kept restarting`,
      retryAfterMs: RESTARTED_RETRY_MS,
      policy: this.#bucket.policy.name,
      violatedPolicies: [this.#bucket.policy.name],
    });
  }

  explain(error: BucketUnreachableError): Promise<BucketUnreachableError> {
    return noteUnreachable(error, this.#place());
  }

  failed(error: unknown): Response {
    this.#along?.leased.failedAt(error);
    return errorResponse(error, this.caller);
  }

  #place(): BucketPlace {
    return placeOf(this.#bucket);
  }
}

function placeOf({ deployment, name }: BucketStub): BucketPlace {
  return { name, files: deployment.env.FILES };
}

/** @throws {UnreadableStateError} (as a rejection) If it is known that the state can't be read. */
async function checkReadable(place: BucketPlace): Promise<void> {
  const fault = await faultOf(place);
  if (fault !== undefined) throw new UnreadableStateError(place.name, fault);
}
