/**
 * The entrypoint for Workers of the same account, by a service binding:
 *
 *     [[services]]
 *     binding = "SLUICE"
 *     service = "sluice"
 *     entrypoint = "Sluice"
 *
 * The person who deploys the calling Worker has bound it to this one, so the binding itself grants the right
 * to acquire, read and pause, without an `API_TOKEN`. No address on the Internet leads here: the runtime, and
 * nothing in a request, decides which entrypoint is called.
 *
 * The methods are those of a client, with its checks, outcomes and errors: a Worker may take either. They call
 * what the HTTP calls call, so the two can't differ in what they allow and do. An acquire is held by a request
 * to the bucket's object, which notices when it is abandoned (it would not notice an abandoned RPC call), and
 * the object's response is read here, once.
 *
 * **A caller that disconnects** frees its place. Measured on workerd, with two Workers: when the client of
 * the calling Worker leaves, or the calling Worker answers without waiting, the runtime ends this call and
 * everything it has started, and the object knows within 2 ms. An `AbortSignal` works if the runtime can send
 * one over RPC (the compatibility flag `enable_abortsignal_rpc`, on both Workers; without it the call fails
 * with `DataCloneError`); `createClient({ service: env.SLUICE })` takes signals under any flags. Disposing of
 * the promise of a result does not work: nothing is notified.
 */
import { WorkerEntrypoint } from "cloudflare:workers";

import type { AcquireOutcome } from "../client/acquire-outcome.ts";
import type {
  CallOptions,
  DropOverrideOptions,
  ListBucketsOptions,
  ListOptions,
  OverrideOptions,
} from "../client/bucket-verbs.ts";
import type { AcquireOptions, Client, TryAcquireOptions } from "../client/client.ts";
import type { HoldAnswer, HoldCall } from "../core/holds/hold-call.ts";
import type { HoldOutcome, PermitOutcome, SettleOutcome } from "../core/holds/hold-outcome.ts";
import type { NamedTokens } from "../core/limits/cost.ts";
import type { PauseFields } from "../core/pause.ts";
import type { WrittenChanges } from "../core/written-policy.ts";
import type { BucketHistory } from "../protocol/bucket-history.ts";
import type { BusyBuckets } from "../protocol/busy-bucket.ts";
import type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
import type { DryRun, QueuedWaiters } from "../protocol/queued-waiter.ts";
import type { SluiceEnv } from "./config/env.ts";

import {
  acquireOptions,
  checkAcquireOptions,
  checkAdminOptions,
  checkBucket,
  checkBucketInPath,
  checkCallOptions,
  checkDropOverrideOptions,
  checkHeldId,
  checkHoldChange,
  checkIdempotencyKey,
  checkListBucketsOptions,
  checkListOptions,
  checkOverrideOptions,
  checkPause,
  checkPolicy,
  checkWaiterId,
  tryAcquireOptions,
} from "../client/arguments.ts";
import { busySorts } from "../protocol/list-params.ts";
import { holdOutcome, permitOutcome, settleOutcome } from "../core/holds/hold-outcome.ts";
import { invalidRequestResponse } from "../answers/acquire-response.ts";
import { boundRoutes } from "./app.ts";
import { dropOverrideOf } from "./calls/drop-override.ts";
import { tryChange } from "./calls/dry-run.ts";
import { pauseBucket } from "./calls/pause.ts";
import { changePolicy } from "./calls/set-policy.ts";
import { listBusyBuckets } from "./calls/list-buckets.ts";
import { DEFAULT_LIST_LIMIT } from "./http/list-params.ts";
import { acquireTokens, callBucket, callService } from "./rpc-call.ts";

/** Options of a call that needs more than the binding. */
interface AdminOptions extends CallOptions, AdminToken {}

interface AdminToken {
  /** One of the values of `ADMIN_TOKEN`. */
  readonly token?: string | undefined;
}

/**
 * Sluice as bound Workers see it: the methods of `Client`, and the HTTP interface.
 *
 * Outcomes are values. If the bucket can't be reached, the outcome of an acquire is a refusal with the reason
 * `unavailable`. Match thrown errors by `name`: `SluiceError`, `RangeError`, `TypeError`.
 *
 * @example
 * const outcome = await env.SLUICE.acquire("exports", { timeoutMs: 5_000 });
 * if (!outcome.ok) return new Response(outcome.detail, { status: 429 });
 */
export class Sluice extends WorkerEntrypoint<SluiceEnv> implements Client {
  /** The HTTP interface. Admin calls need an `ADMIN_TOKEN` here, too. */
  override fetch(request: Request): Response | Promise<Response> {
    return boundRoutes.fetch(request, this.env, this.ctx);
  }

  /**
   * See `Client.acquire`. Sends no key unless the caller passes one: connections between the two Workers
   * don't break, and this Worker handles failures between itself and the bucket.
   */
  async acquire(bucket: string, options: AcquireOptions = {}): Promise<AcquireOutcome> {
    checkBucket(bucket);
    checkAcquireOptions(options, acquireOptions);
    return acquireTokens(this.env, bucket, options);
  }

  /** See `Client.tryAcquire`. */
  async tryAcquire(bucket: string, options: TryAcquireOptions = {}): Promise<AcquireOutcome> {
    checkBucket(bucket);
    checkAcquireOptions(options, tryAcquireOptions);
    return acquireTokens(this.env, bucket, { ...options, timeoutMs: 0 });
  }

  /** See `Client.cancel`. */
  async cancel(
    bucket: string,
    idempotencyKey: string,
    options: CallOptions = {},
  ): Promise<boolean> {
    checkBucket(bucket);
    checkIdempotencyKey(idempotencyKey);
    checkCallOptions(options);
    const call = { right: "acquire", bucket, ...options } as const;
    return callBucket(this.env, call, (stub) => stub.cancel(idempotencyKey));
  }

  /** See `Client.inspect`. */
  async inspect(bucket: string, options: CallOptions = {}): Promise<BucketSnapshot> {
    checkBucketInPath(bucket);
    checkCallOptions(options);
    const call = { right: "read", bucket, ...options } as const;
    return callBucket(this.env, call, (stub) => stub.inspect());
  }

  /** See `Client.setPolicy`. */
  async setPolicy(
    bucket: string,
    policy: WrittenChanges,
    options: OverrideOptions & AdminToken = {},
  ): Promise<BucketSnapshot> {
    checkBucketInPath(bucket);
    checkPolicy(policy);
    checkOverrideOptions(options, ["token"]);
    const { note, ...others } = options;
    const changes = withoutUndefined({ ...policy, note });
    const call = { right: "admin", bucket, ...others } as const;
    return callBucket(this.env, call, (stub) => changePolicy(stub, changes));
  }

  /** See `Client.dryRun`. */
  async dryRun(
    bucket: string,
    policy: WrittenChanges,
    options: AdminOptions = {},
  ): Promise<DryRun> {
    checkBucketInPath(bucket);
    checkPolicy(policy);
    checkAdminOptions(options);
    const changes = withoutUndefined(policy);
    const call = { right: "admin", bucket, ...options } as const;
    return callBucket(this.env, call, (stub) => tryChange(stub, changes));
  }

  /** See `Client.dropOverride`. */
  async dropOverride(
    bucket: string,
    options: DropOverrideOptions & AdminToken = {},
  ): Promise<BucketSnapshot> {
    checkBucketInPath(bucket);
    checkDropOverrideOptions(options, ["token"]);
    const { to = "configured", ...others } = options;
    const call = { right: "admin", bucket, ...others } as const;
    return callBucket(this.env, call, (stub) => dropOverrideOf(stub, bucket, to));
  }

  /** See `Client.reset`. */
  async reset(bucket: string, options: AdminOptions = {}): Promise<void> {
    checkBucketInPath(bucket);
    checkAdminOptions(options);
    const call = { right: "admin", bucket, ...options } as const;
    return callBucket(this.env, call, (stub) => stub.reset());
  }

  /** See `Client.pause`. */
  async pause(
    bucket: string,
    pause: PauseFields,
    options: AdminOptions = {},
  ): Promise<BucketSnapshot> {
    checkBucketInPath(bucket);
    checkPause(pause);
    checkAdminOptions(options);
    const fields = withoutUndefined(pause);
    const call = { right: "pause", bucket, ...options } as const;
    return callBucket(this.env, call, (stub, scopes) => pauseBucket(stub, bucket, scopes, fields));
  }

  /** See `Client.listBuckets`. */
  async listBuckets(options: ListBucketsOptions = {}): Promise<BusyBuckets> {
    checkListBucketsOptions(options);
    const [defaultSort] = busySorts;
    const { prefix = "", sort = defaultSort, limit = DEFAULT_LIST_LIMIT } = options;
    const params = { prefix, sort, limit, hasRecent: options.recent === true };
    const { signal } = options;
    const call = { right: "read", ...(signal && { signal }) } as const;
    return callService(this.env, call, (deployment, scopes) => {
      return listBusyBuckets(deployment, scopes, params);
    });
  }

  /** See `Client.history`. */
  async history(bucket: string, options: CallOptions = {}): Promise<BucketHistory> {
    checkBucketInPath(bucket);
    checkCallOptions(options);
    const call = { right: "read", bucket, ...options } as const;
    return callBucket(this.env, call, (stub) => stub.history());
  }

  /** See `Client.listWaiters`. */
  async listWaiters(bucket: string, options: ListOptions = {}): Promise<QueuedWaiters> {
    checkBucketInPath(bucket);
    checkListOptions(options);
    const { limit = DEFAULT_LIST_LIMIT, ...others } = options;
    const call = { right: "read", bucket, ...others } as const;
    return callBucket(this.env, call, (stub) => stub.waiters(limit));
  }

  /** See `Client.removeWaiter`. */
  async removeWaiter(bucket: string, id: string, options: AdminOptions = {}): Promise<boolean> {
    checkBucketInPath(bucket);
    checkWaiterId(id);
    checkAdminOptions(options);
    const call = { right: "admin", bucket, ...options } as const;
    return callBucket(this.env, call, (stub) => stub.removeWaiter(id));
  }

  /** See `Client.settleHold`. */
  async settleHold(
    bucket: string,
    id: string,
    used: number | NamedTokens,
    options: CallOptions = {},
  ): Promise<SettleOutcome> {
    const answer = await this.#changeHold(bucket, id, { used }, options);
    return settleOutcome(answer);
  }

  /** See `Client.spendHold`. */
  async spendHold(
    bucket: string,
    id: string,
    atLeast: number | NamedTokens,
    options: CallOptions = {},
  ): Promise<HoldOutcome> {
    return holdOutcome(await this.#changeHold(bucket, id, { atLeast }, options));
  }

  /** See `Client.extendHold`. */
  async extendHold(
    bucket: string,
    id: string,
    extendMs: number,
    options: CallOptions = {},
  ): Promise<HoldOutcome> {
    return holdOutcome(await this.#changeHold(bucket, id, { extendMs }, options));
  }

  /** See `Client.dropHold`. */
  async dropHold(bucket: string, id: string, options: CallOptions = {}): Promise<SettleOutcome> {
    checkHolder(bucket, id, options);
    const call = { right: "acquire", bucket, ...options } as const;
    return settleOutcome(await callBucket(this.env, call, (stub) => refusing(stub.dropHold(id))));
  }

  /** See `Client.extendPermit`. */
  async extendPermit(
    bucket: string,
    id: string,
    options: CallOptions = {},
  ): Promise<PermitOutcome> {
    checkHolder(bucket, id, options);
    const call = { right: "acquire", bucket, ...options } as const;
    return permitOutcome(await callBucket(this.env, call, (stub) => stub.extendPermit(id)));
  }

  /** See `Client.releasePermit`. */
  async releasePermit(bucket: string, id: string, options: CallOptions = {}): Promise<void> {
    checkHolder(bucket, id, options);
    const call = { right: "acquire", bucket, ...options } as const;
    return callBucket(this.env, call, (stub) => stub.releasePermit(id));
  }

  #changeHold(
    bucket: string,
    id: string,
    call: HoldCall,
    options: CallOptions,
  ): Promise<HoldAnswer> {
    checkHolder(bucket, id, options);
    checkHoldChange(call);
    const asked = { right: "acquire", bucket, ...options } as const;
    return callBucket(this.env, asked, (stub) => refusing(stub.changeHold(id, call)));
  }
}

function checkHolder(bucket: string, id: string, options: CallOptions): void {
  checkBucketInPath(bucket);
  checkHeldId(id);
  checkCallOptions(options);
}

/** An answer to a holder; or the refusal, if its call was wrong. */
async function refusing(answering: Promise<HoldAnswer>): Promise<HoldAnswer | Response> {
  const answer = await answering;
  return answer.kind === "invalid" ? invalidRequestResponse(answer.errors) : answer;
}

/** Fields as JSON has them: one that is `undefined` is left out. */
function withoutUndefined(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
