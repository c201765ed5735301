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
import type { CallOptions, DropOverrideOptions, ListBucketsOptions, ListOptions, OverrideOptions } from "../client/bucket-verbs.ts";
import type { AcquireOptions, Client, TryAcquireOptions } from "../client/client.ts";
import type { HoldOutcome, PermitOutcome, SettleOutcome } from "../core/holds/hold-outcome.ts";
import type { NamedTokens } from "../core/limits/cost.ts";
import type { PauseFields } from "../core/pause.ts";
import type { WrittenChanges } from "../core/written-policy.ts";
import type { BucketHistory } from "../protocol/bucket-history.ts";
import type { BusyBuckets } from "../protocol/busy-bucket.ts";
import type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
import type { DryRun, QueuedWaiters } from "../protocol/queued-waiter.ts";
import type { SluiceEnv } from "./config/env.ts";
/** Options of a call that needs more than the binding. */
interface AdminOptions extends CallOptions, AdminToken {
}
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
export declare class Sluice extends WorkerEntrypoint<SluiceEnv> implements Client {
    #private;
    /** The HTTP interface. Admin calls need an `ADMIN_TOKEN` here, too. */
    fetch(request: Request): Response | Promise<Response>;
    /**
     * See `Client.acquire`. Sends no key unless the caller passes one: connections between the two Workers
     * don't break, and this Worker handles failures between itself and the bucket.
     */
    acquire(bucket: string, options?: AcquireOptions): Promise<AcquireOutcome>;
    /** See `Client.tryAcquire`. */
    tryAcquire(bucket: string, options?: TryAcquireOptions): Promise<AcquireOutcome>;
    /** See `Client.cancel`. */
    cancel(bucket: string, idempotencyKey: string, options?: CallOptions): Promise<boolean>;
    /** See `Client.inspect`. */
    inspect(bucket: string, options?: CallOptions): Promise<BucketSnapshot>;
    /** See `Client.setPolicy`. */
    setPolicy(bucket: string, policy: WrittenChanges, options?: OverrideOptions & AdminToken): Promise<BucketSnapshot>;
    /** See `Client.dryRun`. */
    dryRun(bucket: string, policy: WrittenChanges, options?: AdminOptions): Promise<DryRun>;
    /** See `Client.dropOverride`. */
    dropOverride(bucket: string, options?: DropOverrideOptions & AdminToken): Promise<BucketSnapshot>;
    /** See `Client.reset`. */
    reset(bucket: string, options?: AdminOptions): Promise<void>;
    /** See `Client.pause`. */
    pause(bucket: string, pause: PauseFields, options?: AdminOptions): Promise<BucketSnapshot>;
    /** See `Client.listBuckets`. */
    listBuckets(options?: ListBucketsOptions): Promise<BusyBuckets>;
    /** See `Client.history`. */
    history(bucket: string, options?: CallOptions): Promise<BucketHistory>;
    /** See `Client.listWaiters`. */
    listWaiters(bucket: string, options?: ListOptions): Promise<QueuedWaiters>;
    /** See `Client.removeWaiter`. */
    removeWaiter(bucket: string, id: string, options?: AdminOptions): Promise<boolean>;
    /** See `Client.settleHold`. */
    settleHold(bucket: string, id: string, used: number | NamedTokens, options?: CallOptions): Promise<SettleOutcome>;
    /** See `Client.spendHold`. */
    spendHold(bucket: string, id: string, atLeast: number | NamedTokens, options?: CallOptions): Promise<HoldOutcome>;
    /** See `Client.extendHold`. */
    extendHold(bucket: string, id: string, extendMs: number, options?: CallOptions): Promise<HoldOutcome>;
    /** See `Client.dropHold`. */
    dropHold(bucket: string, id: string, options?: CallOptions): Promise<SettleOutcome>;
    /** See `Client.extendPermit`. */
    extendPermit(bucket: string, id: string, options?: CallOptions): Promise<PermitOutcome>;
    /** See `Client.releasePermit`. */
    releasePermit(bucket: string, id: string, options?: CallOptions): Promise<void>;
}
export {};
