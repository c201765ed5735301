/** The part of a client that makes the calls for a bucket as a whole. */
import type { PauseFields } from "../core/pause.ts";
import type { WrittenChanges } from "../core/written-policy.ts";
import type { BucketHistory } from "../protocol/bucket-history.ts";
import type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
import type { BusyBuckets } from "../protocol/busy-bucket.ts";
import type { DryRun, QueuedWaiters } from "../protocol/queued-waiter.ts";
import type { Reason } from "../protocol/reasons.ts";
import type {
  BucketVerbs,
  CallOptions,
  DropOverrideOptions,
  ListBucketsOptions,
  ListOptions,
  OverrideOptions,
} from "./bucket-verbs.ts";
import type { Answer } from "./transport/answer.ts";
import type { RetriedCalls } from "./transport/retried-calls.ts";

import { membersOf } from "../core/is-record.ts";
import {
  checkBucketInPath,
  checkCallOptions,
  checkDropOverrideOptions,
  checkListBucketsOptions,
  checkListOptions,
  checkOverrideOptions,
  checkPause,
  checkPolicy,
  checkWaiterId,
} from "./arguments.ts";
import { pathOf } from "./path.ts";
import { unexpectedAnswer } from "./transport/answer.ts";

/** Status of a call that has nothing to say. */
const NO_CONTENT = 204;
/** Status of the answer that there is no such waiter. */
const NOT_FOUND = 404;

/** A call over HTTP. */
interface BucketCall {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
}

/** Makes the calls for buckets. */
export class BucketClient implements BucketVerbs {
  readonly #calls: RetriedCalls;

  constructor(calls: RetriedCalls) {
    this.#calls = calls;
  }

  async inspect(bucket: string, options: CallOptions = {}): Promise<BucketSnapshot> {
    checkBucketInPath(bucket);
    checkCallOptions(options);
    return this.#snapshot({ method: "GET", path: pathOf(bucket) }, options);
  }

  async setPolicy(
    bucket: string,
    policy: WrittenChanges,
    options: OverrideOptions = {},
  ): Promise<BucketSnapshot> {
    checkBucketInPath(bucket);
    checkPolicy(policy);
    checkOverrideOptions(options);
    const { note, signal } = options;
    const body = note === undefined ? policy : { ...policy, note };
    return this.#snapshot({ method: "PUT", path: pathOf(bucket), body }, { signal });
  }

  async dryRun(bucket: string, policy: WrittenChanges, options: CallOptions = {}): Promise<DryRun> {
    checkBucketInPath(bucket);
    checkPolicy(policy);
    checkCallOptions(options);
    const path = `${pathOf(bucket)}/dry-run`;
    const call = { method: "POST", path, body: policy };
    const { status, body } = await this.#call(call, options);
    if (isDryRun(body)) return body;
    throw unexpectedAnswer(status, body);
  }

  async dropOverride(bucket: string, options: DropOverrideOptions = {}): Promise<BucketSnapshot> {
    checkBucketInPath(bucket);
    checkDropOverrideOptions(options);
    const { to = "configured", signal } = options;
    const path = `${pathOf(bucket)}/policy?to=${to}`;
    return this.#snapshot({ method: "DELETE", path }, { signal });
  }

  async reset(bucket: string, options: CallOptions = {}): Promise<void> {
    checkBucketInPath(bucket);
    checkCallOptions(options);
    const { status, body } = await this.#call({ method: "DELETE", path: pathOf(bucket) }, options);
    // An intermediary's HTML page with status 200 hasn't reset anything.
    if (status !== NO_CONTENT) throw unexpectedAnswer(status, body);
  }

  async pause(
    bucket: string,
    pause: PauseFields,
    options: CallOptions = {},
  ): Promise<BucketSnapshot> {
    checkBucketInPath(bucket);
    checkPause(pause);
    checkCallOptions(options);
    const path = `${pathOf(bucket)}/pause`;
    return this.#snapshot({ method: "POST", path, body: pause }, options);
  }

  async listBuckets(options: ListBucketsOptions = {}): Promise<BusyBuckets> {
    checkListBucketsOptions(options);
    const { signal, ...asked } = options;
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(asked)) {
      if (value !== undefined) query.set(name, String(value));
    }
    const path = query.size === 0 ? "/buckets" : `/buckets?${query.toString()}`;
    const { status, body } = await this.#call({ method: "GET", path }, { signal });
    if (isListOfBuckets(body)) return body;
    throw unexpectedAnswer(status, body);
  }

  async history(bucket: string, options: CallOptions = {}): Promise<BucketHistory> {
    checkBucketInPath(bucket);
    checkCallOptions(options);
    const path = `${pathOf(bucket)}/history`;
    const { status, body } = await this.#call({ method: "GET", path }, options);
    if (isHistory(body)) return body;
    throw unexpectedAnswer(status, body);
  }

  async listWaiters(bucket: string, options: ListOptions = {}): Promise<QueuedWaiters> {
    checkBucketInPath(bucket);
    checkListOptions(options);
    const { limit, signal } = options;
    const query = limit === undefined ? "" : `?limit=${limit}`;
    const path = `${pathOf(bucket)}/waiters${query}`;
    const { status, body } = await this.#call({ method: "GET", path }, { signal });
    if (isListOfWaiters(body)) return body;
    throw unexpectedAnswer(status, body);
  }

  async removeWaiter(bucket: string, id: string, options: CallOptions = {}): Promise<boolean> {
    checkBucketInPath(bucket);
    checkWaiterId(id);
    checkCallOptions(options);
    const path = `${pathOf(bucket)}/waiters/${encodeURIComponent(id)}`;
    const expected = ["unknown-waiter"] as const;
    const { status, body } = await this.#call({ method: "DELETE", path }, options, expected);
    if (status !== NO_CONTENT && status !== NOT_FOUND) throw unexpectedAnswer(status, body);
    return status === NO_CONTENT;
  }

  async #snapshot(call: BucketCall, options: SignalOptions): Promise<BucketSnapshot> {
    const answer = await this.#call(call, options);
    if (isSnapshot(answer.body)) return answer.body;
    throw unexpectedAnswer(answer.status, answer.body);
  }

  #call(
    call: BucketCall,
    { signal }: SignalOptions,
    expected: readonly Reason[] = [],
  ): Promise<Answer> {
    return this.#calls.send({ ...call, headers: {} }, { signal, expected });
  }
}

interface SignalOptions {
  readonly signal?: AbortSignal | undefined;
}

function isSnapshot(body: unknown): body is BucketSnapshot {
  const { bucket, policy, tokens } = membersOf(body);
  return typeof bucket === "string" && typeof policy === "object" && typeof tokens === "number";
}

function isListOfBuckets(body: unknown): body is BusyBuckets {
  const { buckets, omitted } = membersOf(body);
  return Array.isArray(buckets) && typeof omitted === "number";
}

function isHistory(body: unknown): body is BucketHistory {
  const { intervalMs, points } = membersOf(body);
  return typeof intervalMs === "number" && Array.isArray(points);
}

function isListOfWaiters(body: unknown): body is QueuedWaiters {
  const { waiters, omitted } = membersOf(body);
  return Array.isArray(waiters) && typeof omitted === "number";
}

function isDryRun(body: unknown): body is DryRun {
  const { snapshot, refused, moved } = membersOf(body);
  return isSnapshot(snapshot) && Array.isArray(refused) && typeof moved === "number";
}
