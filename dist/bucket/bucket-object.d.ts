/**
 * The Durable Object of one bucket: the platform under a `BucketHost`, and the interface that the Worker
 * calls. The host makes all decisions.
 */
import { DurableObject } from "cloudflare:workers";
import type { HoldAnswer, HoldCall, PermitAnswer } from "../core/holds/hold-call.ts";
import type { LeaseAsk } from "../core/lease/lease.ts";
import type { Pause } from "../core/pause.ts";
import type { BusyReport, KnownShards, ShardList } from "../directory/directory.ts";
import type { BucketHistory } from "../protocol/bucket-history.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { KnownOverride } from "../protocol/known-override.ts";
import type { DryRun, QueuedWaiters } from "../protocol/queued-waiter.ts";
import type { BucketStats, DryRunAnswer, LeaseAnswer, PauseAnswer, PolicyBefore, PolicyChange } from "../wire/bucket-answers.ts";
import type { BucketEnv } from "./bucket-env.ts";
/** The machine of `npm run serve`. Its launcher removes the files of forgotten buckets. */
export interface Machine {
    /** The machine's clock as it is. It can be set back: see steady-clock.ts. */
    readonly wallNow: () => number;
}
/** One bucket. Only this project's Worker reaches it. */
export declare class BucketObject extends DurableObject<BucketEnv> {
    #private;
    /** @param machine Set if the object runs on a machine of its own, and not on Cloudflare. */
    constructor(ctx: DurableObjectState, env: BucketEnv, machine?: Machine);
    /**
     * Handles `/acquire`, forwarded by the Worker, watchers and sessions. Settles with the outcome; rejects if the
     * object is reset. A streamed acquire that has to wait is answered immediately, with lines; if the object
     * is reset, they break off.
     */
    fetch(request: Request): Response | Promise<Response>;
    /** The alarm has fired. */
    alarm(): void;
    webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void;
    webSocketClose(socket: WebSocket): void;
    webSocketError(socket: WebSocket): void;
    /**
     * See `BucketHost.cancel`. Rejects if the object is reset: the acquire may or may not be cancelled then,
     * and it is safe to cancel it again.
     */
    cancel(idempotencyKey: string): boolean;
    /** See `BucketHost.inspect`. Rejects if the object is reset. */
    inspect(name: string, configured: NamedPolicyFields): BucketSnapshot;
    /** See `BucketHost.stats`. Rejects if the object is reset. */
    stats(name: string, configured: NamedPolicyFields): BucketStats;
    /** See `OperatorCalls.waiters`. Rejects if the object is reset. */
    waiters(name: string, configured: NamedPolicyFields, limit: number): QueuedWaiters;
    /**
     * See `OperatorCalls.removeWaiter`. The answer is held back until the removal is on disk. Rejects if the object is
     * reset: the waiter may or may not be out then, and it is safe to ask again.
     */
    removeWaiter(id: string): boolean;
    /** See `BucketHost.history`. Rejects if the object is reset. */
    history(): BucketHistory;
    /** See `Directory.report`. Rejects if this object is a bucket, as do the next four. */
    reportBusy(report: BusyReport): KnownShards;
    /** See `Directory.drop`. */
    busyEnded(bucket: string): void;
    /** See `Directory.list`. */
    listBusy(prefix: string, hasRecent: boolean): ShardList;
    /** Keeps the override of a bucket, or that it has none. */
    noteOverride(bucket: string, override: KnownOverride | undefined): void;
    /** The overrides that are known, by the names of their buckets. Only shard 0 has any. */
    listOverrides(): readonly KnownOverride[];
    /**
     * See `BucketHost.lend`. The answer is held back until the lease is on disk. Rejects if the object is
     * reset: what was reported, and any lease that was granted, then counts as spent when it ends. Must not be
     * called again with the same `ask`.
     */
    lend(name: string, configured: NamedPolicyFields, ask: LeaseAsk): LeaseAnswer;
    /**
     * See `OperatorCalls.changePolicy`. The answer is held back until the change is on disk. Rejects if the object
     * is reset; the change may or may not have been kept then.
     */
    changePolicy(name: string, configured: NamedPolicyFields, changes: Readonly<Record<string, unknown>>, note?: string): PolicyChange;
    /** See `OperatorCalls.dryRun`. Rejects if the object is reset. */
    dryRun(name: string, configured: NamedPolicyFields, changes: Readonly<Record<string, unknown>>): DryRunAnswer;
    /** See `OperatorCalls.dryRunBack`. Rejects if the object is reset. */
    dryRunBack(name: string, configured: NamedPolicyFields, to: PolicyBefore): DryRun | undefined;
    /** See `OperatorCalls.dropOverride`, and `changePolicy` for the rest. */
    dropOverride(name: string, configured: NamedPolicyFields, to: PolicyBefore): BucketSnapshot | undefined;
    /**
     * See `BucketHost.pause`. The answer is held back until the pause is on disk. Rejects if the object is
     * reset; the pause may or may not have been kept then, and it is safe to ask again.
     */
    pause(name: string, configured: NamedPolicyFields, pause: Pause): PauseAnswer;
    /** See `BucketHost.resume`, and `pause` for the rest. */
    resume(name: string, configured: NamedPolicyFields, limits?: readonly string[]): PauseAnswer;
    /**
     * See `BucketHost.changeHold`. The answer is held back until it is on disk. Rejects if the object is reset; it is
     * safe to ask again then, and the answer is the same. So with the other calls of holders.
     */
    changeHold(name: string, configured: NamedPolicyFields, id: string, call: HoldCall): HoldAnswer;
    /** See `BucketHost.dropHold`. */
    dropHold(name: string, configured: NamedPolicyFields, id: string): HoldAnswer;
    /** See `BucketHost.extendPermit`. */
    extendPermit(name: string, configured: NamedPolicyFields, id: string): PermitAnswer;
    /** See `BucketHost.releasePermit`. */
    releasePermit(name: string, configured: NamedPolicyFields, id: string): void;
    /** Whether any request is held, or any session is open. */
    get isAwaited(): boolean;
    /** Whether any session is open. */
    get hasSessions(): boolean;
    /** See `BucketHost.close`. For the process that runs the object and is about to end; it can't be undone. */
    close(): void;
    /**
     * See `BucketHost.shutDown`. Sessions are closed, and their waiters are not refused. For the process that runs the object and is about to end; it can't be undone.
     */
    shutDown(): void;
    /** See `BucketHost.reset`. Rejects if the object is reset; the bucket may or may not be gone then. */
    reset(): Promise<void>;
}
