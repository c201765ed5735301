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
 * The methods are those of a client, and they are implemented by a client whose service is the routes for
 * bound Workers, in the same isolate. So HTTP and RPC can't differ in what they check and answer, and an
 * acquire is held by a request to the bucket's object, which notices when it is abandoned. (It would not
 * notice an abandoned RPC call.)
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
import type { AcquireOptions, CallOptions, Client } from "../client/client.ts";
import type { PauseFields } from "../core/pause.ts";
import type { PolicyFields } from "../core/policy.ts";
import type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
import type { SluiceEnv } from "./config/env.ts";

import { createServedClient } from "../client/client.ts";
import { boundRoutes } from "./app.ts";

/** Options of a call that needs more than the binding. */
interface AdminOptions extends CallOptions {
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
  acquire(bucket: string, options?: AcquireOptions): Promise<AcquireOutcome> {
    return this.#client().acquire(bucket, options);
  }

  /** See `Client.tryAcquire`. */
  tryAcquire(
    bucket: string,
    options?: Pick<AcquireOptions, "tokens" | "signal" | "idempotencyKey">,
  ): Promise<AcquireOutcome> {
    return this.#client().tryAcquire(bucket, options);
  }

  /** See `Client.cancel`. */
  cancel(bucket: string, idempotencyKey: string, options?: CallOptions): Promise<boolean> {
    return this.#client().cancel(bucket, idempotencyKey, options);
  }

  /** See `Client.inspect`. */
  inspect(bucket: string, options?: CallOptions): Promise<BucketSnapshot> {
    return this.#client().inspect(bucket, options);
  }

  /** See `Client.setPolicy`. */
  setPolicy(
    bucket: string,
    policy: Partial<PolicyFields>,
    { token, ...options }: AdminOptions = {},
  ): Promise<BucketSnapshot> {
    return this.#client(token).setPolicy(bucket, policy, options);
  }

  /** See `Client.reset`. */
  reset(bucket: string, { token, ...options }: AdminOptions = {}): Promise<void> {
    return this.#client(token).reset(bucket, options);
  }

  /** See `Client.pause`. */
  pause(
    bucket: string,
    pause: PauseFields,
    { token, ...options }: AdminOptions = {},
  ): Promise<BucketSnapshot> {
    return this.#client(token).pause(bucket, pause, options);
  }

  #client(token?: string): Client {
    return createServedClient(this, token);
  }
}
