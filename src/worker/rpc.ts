/**
 * The entrypoint for Workers of the same account, by a service binding:
 *
 *   [[services]]
 *   binding = "SLUICE"
 *   service = "sluice"
 *   entrypoint = "Sluice"
 *
 * Whoever deploys the caller has tied it to this one, so being bound is the right to acquire, read and
 * pause, and takes no `API_TOKEN`. No address on the Internet leads here: the runtime, not anything in a
 * request, says which entrypoint was called.
 *
 * The verbs are those of a client, and they are a client: one whose service is the routes behind this
 * door, in the same isolate. So HTTP and RPC cannot differ in what they check and answer, and an acquire
 * is held by a request to the bucket's object, which is told when it is given up. (A call by RPC would
 * not be.)
 *
 * **A caller that goes away** frees its place. Measured on workerd, with two Workers: where the client of
 * the calling Worker leaves, or the calling Worker answers without waiting, the runtime ends this call and
 * all it has begun, and the object knows within 2 ms. A signal works where the runtime can send one over
 * RPC (the compatibility flag `enable_abortsignal_rpc`, of both Workers; without it the call fails with
 * `DataCloneError`); `createClient({ service: env.SLUICE })` takes signals under any flags. What does not
 * work is to dispose of the promise of a result: nobody is told.
 */
import { WorkerEntrypoint } from "cloudflare:workers";

import type { AcquireOutcome } from "../client/acquire-outcome.ts";
import type { AcquireOptions, CallOptions, Client, PauseFields } from "../client/client.ts";
import type { PolicyFields } from "../core/policy.ts";
import type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
import type { SluiceEnv } from "./config/env.ts";

import { createServedClient } from "../client/client.ts";
import { boundRoutes } from "./app.ts";

/** What a call takes that needs more than being bound. */
interface AdminOptions extends CallOptions {
  /** One of `ADMIN_TOKEN`. */
  readonly token?: string | undefined;
}

/**
 * Sluice as bound Workers see it: the verbs of `Client`, and the HTTP interface.
 *
 * Outcomes are values. Where the bucket cannot be reached, the outcome of an acquire is a refusal with the
 * reason `unavailable`. What is thrown is to be matched by `name`: `SluiceError`, `RangeError`,
 * `TypeError`.
 *
 * @example
 * const outcome = await env.SLUICE.acquire("exports", { timeoutMs: 5_000 });
 * if (!outcome.ok) return new Response(outcome.detail, { status: 429 });
 */
export class Sluice extends WorkerEntrypoint<SluiceEnv> implements Client {
  /** The HTTP interface; admin calls need their `ADMIN_TOKEN` here, too. */
  override fetch(request: Request): Response | Promise<Response> {
    return boundRoutes.fetch(request, this.env, this.ctx);
  }

  /**
   * See `Client.acquire`. No key is sent but the caller's own: between the two Workers no connection
   * breaks, and the way from here to the bucket is this Worker's to mend.
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
