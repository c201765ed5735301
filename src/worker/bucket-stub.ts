/** The buckets as the Worker sees them: its side of the calls to their objects. */
import type { Pause } from "../core/pause.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { AcquireCall } from "../wire/acquire-call.ts";
import type { PolicyChange } from "../wire/bucket-answers.ts";
import type { PlaceFollower } from "../wire/acquire-lines.ts";
import type { BucketFiles } from "./config/bucket-files.ts";
import type { BucketObject } from "../bucket/bucket-object.ts";
import type { LeasedBucket } from "./leased-bucket.ts";
import type { LosableAcquire } from "./call-with-requeue.ts";

import { encodeAcquireCall } from "../wire/acquire-call.ts";
import { followLines } from "../wire/acquire-lines.ts";
import { leasedBucket } from "./lease-cache.ts";
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

/** Keeps arrivals of one millisecond in order; a thousand of them fit before the next. */
const ARRIVAL_STEP_MS = 0.001;

/** When to come back where only the object could have said it. */
const RESTARTED_RETRY_MS = 1_000;

let lastArrivalAtMs = 0;

/** The instant of an arrival, epoch milliseconds with a fraction: later than every one before it. */
function arrivalStamp(): number {
  lastArrivalAtMs = Math.max(Date.now(), lastArrivalAtMs + ARRIVAL_STEP_MS);
  return lastArrivalAtMs;
}

/** Makes a call again, or rejects where that cannot help. */
type CallAgain = <Result>(call: () => Promise<Result>) => Promise<Result>;

/** What an acquire asks for. */
export type Asked = Pick<AcquireCall, "tokens" | "timeoutMs" | "idempotencyKey">;

/**
 * One bucket, by name. Every promise rejects with an `BucketUnreachableError` where the object cannot be
 * reached, and with the signal's reason where the caller leaves while it is being reached.
 */
export class BucketStub {
  readonly #objects: DurableObjectNamespace<BucketObject>;
  readonly #name: string;
  readonly #policy: NamedPolicyFields;
  readonly #caller: Request;
  readonly #dataset: AnalyticsEngineDataset | undefined;
  readonly #files: BucketFiles | undefined;

  /**
   * @param caller The request that is answered; once its sender has left, no call is made again.
   * @param dataset Where grants from leases are written down.
   * @param files Where they can be seen: why the object cannot be reached is looked up there.
   */
  constructor(
    objects: DurableObjectNamespace<BucketObject>,
    name: string,
    policy: NamedPolicyFields,
    caller: Request,
    dataset?: AnalyticsEngineDataset,
    files?: BucketFiles,
  ) {
    this.#objects = objects;
    this.#name = name;
    this.#policy = policy;
    this.#caller = caller;
    this.#dataset = dataset;
    this.#files = files;
  }

  /**
   * The grant, from a lease of this isolate if it holds one; else settles with the object's response, the
   * grant or the refusal. A request with a key always goes to the object, which remembers it, and so does
   * one that the configured policy refuses. Where the object is reset while the request waits, it goes
   * back to the place of its arrival with what is left of its timeout.
   *
   * @param follower Who is told the place of the request while it waits. Its signal stands for the caller's.
   */
  acquire(asked: Asked, follower?: PlaceFollower): Response | Promise<Response> {
    const leased = this.#isForObject(asked) ? undefined : this.#leased();
    if (!leased) return this.#acquireAtObject(asked, follower);
    const granted = leased.acquire(asked.tokens);
    if (granted) return granted;
    const backOffMs = leased.backOffMs();
    if (backOffMs > 0) {
      leased.flushReports();
      const detail = "The bucket is asked for more than it can answer";
      const policy = this.#policy.name;
      return problemResponse("unavailable", { detail, retryAfterMs: backOffMs, policy });
    }
    const returnedLeases = leased.returnAll();
    const response = this.#acquireAtObject(asked, follower, returnedLeases && { returnedLeases });
    response.catch((error: unknown) => leased.failedAt(error));
    // Not before: what runs on after a response keeps the object from hearing of a caller that leaves.
    return response.finally(() => leased.flushReports());
  }

  /**
   * Whether only the object can answer, whatever leases hold: it knows keys, and what a policy of the
   * bucket's own allows. To what will be refused a lease must not be an answer, nor what is held a loss.
   */
  #isForObject({ tokens, timeoutMs = 0, idempotencyKey }: Asked): boolean {
    const { capacity, maxWaitMs } = this.#policy;
    return idempotencyKey !== undefined || tokens > capacity || timeoutMs > maxWaitMs;
  }

  /** @param along What is sent once, with the first attempt: it must not count twice. */
  #acquireAtObject(
    asked: Asked,
    follower: PlaceFollower | undefined,
    along?: Pick<AcquireCall, "returnedLeases">,
  ): Promise<Response> {
    const call: AcquireCall = { bucket: this.#name, policy: this.#policy, ...asked };
    const arrivedAtMs = arrivalStamp();
    const { maxWaitMs } = this.#policy;
    const { timeoutMs } = asked;
    let doubt: CallAgain | undefined;
    const acquire: LosableAcquire<Response> = {
      bucket: this.#name,
      maxWaitMs,
      ...(timeoutMs !== undefined && { timeoutMs }),
      // Without the caller's signal: when the caller leaves, the runtime ends this call by itself, and with
      // the signal it would do no more. (Measured: while `waitUntil` holds this request open, neither does.)
      call: (again) => {
        if (!again) return this.#send({ ...call, ...along }, follower);
        const { signal, ...progress } = again;
        const next = { ...call, requeued: { arrivedAtMs, ...progress } };
        doubt ??= this.#doubting();
        return doubt(() => this.#send(next, follower, signal));
      },
      timedOut: () => this.#timedOut(asked),
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

  /** What is said where the object was reset so often that the caller's time went by. */
  #timedOut({ tokens, timeoutMs }: Asked): Response {
    const asked = tokens === 1 ? "1 token" : `${tokens} tokens`;
    const within = timeoutMs === undefined ? "in time" : `within ${timeoutMs} ms`;
    return problemResponse("timeout", {
      detail: `Cannot acquire ${asked} ${within}: the bucket was restarted again and again`,
      retryAfterMs: RESTARTED_RETRY_MS,
      violatedPolicy: this.#policy.name,
    });
  }

  /**
   * Cancels the acquire with this key, and resolves with whether it waited. Where the object is reset before
   * its answer is here, it is asked once more: those who have not been put back yet find their key cancelled.
   */
  cancel(idempotencyKey: string): Promise<boolean> {
    return this.#callWithRetry(async () => await this.#stub().cancel(idempotencyKey));
  }

  /** What the bucket looks like now. */
  inspect(): Promise<BucketSnapshot> {
    return this.#callWithRetry(async () => await this.#stub().inspect(this.#name, this.#policy));
  }

  /** A response with the caller's end of a WebSocket, which tells what happens; or the refusal. */
  watch(): Promise<Response> {
    const call = { bucket: this.#name, policy: this.#policy };
    return this.#callWithRetry(() => this.#stub().fetch(watchRequest(call)));
  }

  /** Gives the bucket a policy of its own. */
  changePolicy(changes: Readonly<Record<string, unknown>>): Promise<PolicyChange> {
    return this.#callWithRetry(
      async () => await this.#stub().changePolicy(this.#name, this.#policy, changes),
    );
  }

  /**
   * Keeps at most `tokens` in the bucket, and lets its ticks bring nothing until `untilMs`. Made twice, it
   * is as good as made once; an instant that is over changes nothing. What this isolate has on lease is
   * given back; another one does so when it next asks.
   */
  async pause(pause: Pause): Promise<BucketSnapshot> {
    const snapshot = await this.#callWithRetry(
      async () => await this.#stub().pause(this.#name, this.#policy, pause),
    );
    if (snapshot.pausedUntilMs !== undefined) this.#leased()?.giveUp();
    return snapshot;
  }

  /** Ends a pause, whoever began it. */
  resume(): Promise<BucketSnapshot> {
    return this.#callWithRetry(async () => await this.#stub().resume(this.#name, this.#policy));
  }

  /**
   * Drains the bucket and forgets it. Where the object is reset before its answer is here, it is drained
   * once more, with those who came in between. One whose state cannot be read cannot erase it, either: then
   * its file is put out of the way, if somebody can do that.
   */
  reset(): Promise<void> {
    return this.#callWithRetry(async () => {
      try {
        await this.#stub().reset();
      } catch (error) {
        if ((await this.#files?.setAside(this.#name)) !== true) throw error;
      }
      forgetUnreachable(this.#name);
    });
  }

  /** `callWithRetry`, without trying on where that cannot help, and with a line in the log where it fails. */
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
   * What makes a call again, for as long as that may help. One failure is a reset, most often; after more
   * of them it is looked first whether the state can be read at all.
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
    return { name: this.#name, files: this.#files };
  }

  /** What this isolate has on lease; made by whoever asks first, so always with all that it needs. */
  #leased(): LeasedBucket | undefined {
    return leasedBucket(this.#objects, this.#name, this.#policy, this.#dataset);
  }

  #stub(): DurableObjectStub<BucketObject> {
    return this.#objects.getByName(this.#name);
  }
}
