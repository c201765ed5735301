/** Buckets as the Worker sees them: its side of the calls to their objects. */
import type { Ask } from "../core/ask.ts";
import type { Pause } from "../core/pause.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { AcquireCall } from "../wire/acquire-call.ts";
import type { PolicyChange } from "../wire/bucket-answers.ts";
import type { PlaceFollower } from "../wire/acquire-lines.ts";
import type { Deployment } from "./deployment.ts";
import type { BucketObject } from "../bucket/bucket-object.ts";
import type { LeasedBucket, LeasedGrant } from "./leased-bucket.ts";
import type { LosableAcquire } from "./call-with-requeue.ts";

import { encodeAcquireCall } from "../wire/acquire-call.ts";
import { followLines } from "../wire/acquire-lines.ts";
import { problemResponse } from "../answers/problem.ts";
import { callWithRequeue } from "./call-with-requeue.ts";
import { BucketUnreachableError, callWithRetry } from "../wire/call-with-retry.ts";
import {
  UnreadableStateError,
  faultOf,
  forgetUnreachable,
  noteUnreachable,
  type BucketPlace,
} from "./unreachable-log.ts";
import { watchRequest } from "../wire/watch-call.ts";

/** Keeps arrivals within one millisecond in order; a thousand fit before the next millisecond. */
const ARRIVAL_STEP_MS = 0.001;

/** When to retry if only the object could have said so. */
const RESTARTED_RETRY_MS = 1_000;

let lastArrivalAtMs = 0;

/** The instant of an arrival, epoch milliseconds with a fraction: later than every earlier one. */
function arrivalStamp(): number {
  lastArrivalAtMs = Math.max(Date.now(), lastArrivalAtMs + ARRIVAL_STEP_MS);
  return lastArrivalAtMs;
}

/** The part of a deployment that buckets need. */
export interface BucketDeployment {
  /** The objects and, if they can be seen, their files, which show why an object can't be reached. */
  readonly env: Pick<Deployment["env"], "BUCKETS" | "FILES">;
  readonly leases: Deployment["leases"];
}

/** The sender of a request. Its signal is only read when a call has failed: reading it creates it. */
export type BucketCaller = Pick<Request, "signal">;

/** Makes a call again, or rejects if that can't help. */
type CallAgain = <Result>(call: () => Promise<Result>) => Promise<Result>;

/**
 * One bucket, by name. Every promise rejects with a `BucketUnreachableError` if the object can't be reached,
 * and with the signal's reason if the caller leaves while it is being reached.
 */
export class BucketStub {
  readonly #deployment: BucketDeployment;
  readonly #name: string;
  readonly #policy: NamedPolicyFields;
  readonly #caller: BucketCaller;

  /** @param caller The request being answered; once its sender has left, no call is made again. */
  constructor(
    deployment: BucketDeployment,
    name: string,
    policy: NamedPolicyFields,
    caller: BucketCaller,
  ) {
    this.#deployment = deployment;
    this.#name = name;
    this.#policy = policy;
    this.#caller = caller;
  }

  /**
   * The grant, if this isolate's lease covers it; otherwise the request has to go to the object, by `acquire`.
   */
  acquireFromLease(ask: Ask): LeasedGrant | undefined {
    return this.#leasedFor(ask)?.acquire(ask.tokens);
  }

  /**
   * The object's response, which is the grant or the refusal. If the object is reset while the request waits,
   * the request returns to its place in the order of arrival with the rest of its timeout.
   *
   * @param follower Is notified of the request's place while it waits. Its signal replaces the caller's.
   */
  acquire(ask: Ask, follower?: PlaceFollower): Response | Promise<Response> {
    const leased = this.#leasedFor(ask);
    if (!leased) return this.#acquireAtObject(ask, follower);
    const backOffMs = leased.backOffMs();
    if (backOffMs > 0) {
      leased.flushReports();
      const detail = "The bucket gets more requests than it can answer";
      const policy = this.#policy.name;
      return problemResponse("unavailable", { detail, retryAfterMs: backOffMs, policy });
    }
    const returnedLeases = leased.returnAll();
    const response = this.#acquireAtObject(ask, follower, returnedLeases && { returnedLeases });
    response.catch((error: unknown) => leased.failedAt(error));
    // Not earlier: work that goes on after a response keeps the object from noticing that a caller has left.
    return response.finally(() => leased.flushReports());
  }

  /**
   * The leases that may cover a request. None do for one that only the object can answer: with a key, which
   * the object remembers, or refused by the configured policy unless the bucket has its own. It must neither
   * be answered from a lease nor cost the isolate its lease.
   */
  #leasedFor({ tokens, timeoutMs = 0, idempotencyKey }: Ask): LeasedBucket | undefined {
    const { capacity, maxWaitMs } = this.#policy;
    const isForObject = idempotencyKey !== undefined || tokens > capacity || timeoutMs > maxWaitMs;
    return isForObject ? undefined : this.#leased();
  }

  /** @param along Sent only with the first attempt: it must not count twice. */
  #acquireAtObject(
    ask: Ask,
    follower: PlaceFollower | undefined,
    along?: Pick<AcquireCall, "returnedLeases">,
  ): Promise<Response> {
    const call: AcquireCall = { bucket: this.#name, policy: this.#policy, ...ask };
    const arrivedAtMs = arrivalStamp();
    const { maxWaitMs } = this.#policy;
    const { timeoutMs } = ask;
    let doubt: CallAgain | undefined;
    const acquire: LosableAcquire<Response> = {
      bucket: this.#name,
      maxWaitMs,
      ...(timeoutMs !== undefined && { timeoutMs }),
      // Without the caller's signal: when the caller leaves, the runtime ends this call by itself, and the
      // signal would add nothing. (Measured: while `waitUntil` holds this request open, neither ends it.)
      call: (again) => {
        if (!again) return this.#send({ ...call, ...along }, follower);
        const { signal, ...progress } = again;
        const next = { ...call, requeued: { arrivedAtMs, ...progress } };
        doubt ??= this.#doubting();
        return doubt(() => this.#send(next, follower, signal));
      },
      timedOut: () => this.#timedOut(ask),
      explain: (error) => noteUnreachable(error, this.#place()),
    };
    return callWithRequeue(acquire, follower ?? this.#caller);
  }

  #send(
    call: AcquireCall,
    follower: PlaceFollower | undefined,
    signal?: AbortSignal,
  ): Promise<Response> {
    if (follower) {
      return followLines(
        this.#stub(),
        encodeAcquireCall({ ...call, isStreamed: true }),
        follower,
        signal,
      );
    }
    const url = encodeAcquireCall(call);
    return signal ? this.#stub().fetch(url, { signal }) : this.#stub().fetch(url);
  }

  /** The answer if the object was reset so often that the caller's time has passed. */
  #timedOut({ tokens, timeoutMs }: Ask): Response {
    const asked = tokens === 1 ? "1 token" : `${tokens} tokens`;
    const within = timeoutMs === undefined ? "in time" : `within ${timeoutMs} ms`;
    return problemResponse("timeout", {
      detail: `Cannot acquire ${asked} ${within}: the bucket kept restarting`,
      retryAfterMs: RESTARTED_RETRY_MS,
      violatedPolicy: this.#policy.name,
    });
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
    return this.#callWithRetry(async () => await this.#stub().inspect(this.#name, this.#policy));
  }

  /** A response with the caller's end of a WebSocket that sends events; or the refusal. */
  watch(): Promise<Response> {
    const call = { bucket: this.#name, policy: this.#policy };
    return this.#callWithRetry(() => this.#stub().fetch(watchRequest(call)));
  }

  /** Gives the bucket its own policy. */
  changePolicy(changes: Readonly<Record<string, unknown>>): Promise<PolicyChange> {
    return this.#callWithRetry(
      async () => await this.#stub().changePolicy(this.#name, this.#policy, changes),
    );
  }

  /**
   * Keeps at most `tokens` in the bucket, and makes its ticks bring nothing until `untilMs`. Idempotent; an
   * instant in the past changes nothing. This isolate returns its lease; other isolates return theirs with
   * their next call to the object.
   */
  async pause(pause: Pause): Promise<BucketSnapshot> {
    const snapshot = await this.#callWithRetry(
      async () => await this.#stub().pause(this.#name, this.#policy, pause),
    );
    if (snapshot.pausedUntilMs !== undefined) this.#leased()?.giveUp();
    return snapshot;
  }

  /** Ends a pause, no matter who started it. */
  resume(): Promise<BucketSnapshot> {
    return this.#callWithRetry(async () => await this.#stub().resume(this.#name, this.#policy));
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
        if ((await this.#deployment.env.FILES?.setAside(this.#name)) !== true) throw error;
      }
      forgetUnreachable(this.#name);
    });
  }

  /** `callWithRetry`, except that it stops once retrying can't help, and logs a failure. */
  #callWithRetry<Result>(call: () => Promise<Result>): Promise<Result> {
    const doubt = this.#doubting();
    let hasFailed = false;
    const attempt = (): Promise<Result> => {
      if (hasFailed) return doubt(call);
      hasFailed = true;
      return call();
    };
    return callWithRetry(attempt, this.#caller).catch(async (error: unknown) => {
      throw error instanceof BucketUnreachableError
        ? await noteUnreachable(error, this.#place())
        : error;
    });
  }

  /**
   * Repeats a call for as long as that may help. One failure is usually a reset; after more, it first checks
   * whether the state can be read at all.
   */
  #doubting(): CallAgain {
    let isDoubtful = false;
    return async (call) => {
      const fault = isDoubtful ? await faultOf(this.#place()) : undefined;
      if (fault !== undefined) throw new UnreadableStateError(this.#name, fault);
      isDoubtful = true;
      return await call();
    };
  }

  #place(): BucketPlace {
    return { name: this.#name, files: this.#deployment.env.FILES };
  }

  /** This isolate's lease. */
  #leased(): LeasedBucket | undefined {
    return this.#deployment.leases.find(this.#name, this.#policy);
  }

  #stub(): DurableObjectStub<BucketObject> {
    return this.#deployment.env.BUCKETS.getByName(this.#name);
  }
}
