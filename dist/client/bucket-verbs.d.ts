/** The verbs of a client for a bucket as a whole: to look at it, and to act on it. */
import type { PauseFields } from "../core/pause.ts";
import type { WrittenChanges } from "../core/written-policy.ts";
import type { BucketHistory } from "../protocol/bucket-history.ts";
import type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
import type { BusyBuckets, BusySort } from "../protocol/busy-bucket.ts";
import type { DryRun, QueuedWaiters } from "../protocol/queued-waiter.ts";
/** Options of every other call. */
export interface CallOptions {
    /** Aborts the call. A change that was already sent may or may not take effect. */
    readonly signal?: AbortSignal;
}
/** Options of `listWaiters`. */
export interface ListOptions extends CallOptions {
    /** The most entries, 1 to 1,000. Default: 100. */
    readonly limit?: number;
}
/** Options of `listBuckets`. */
export interface ListBucketsOptions extends ListOptions {
    /** Only buckets whose names begin so. Default: all. */
    readonly prefix?: string;
    /** The most first, or names from A to Z. Default: `"waiters"`. */
    readonly sort?: BusySort;
    /** Adds `recent` to each bucket. Default: `false`. */
    readonly recent?: boolean;
}
/** Options of `setPolicy`. */
export interface OverrideOptions extends CallOptions {
    /** Why, for operators: up to 200 printable characters. Snapshots of the bucket have it. */
    readonly note?: string;
}
/** Options of `dropOverride`. */
export interface DropOverrideOptions extends CallOptions {
    /** The policy to go back to: the configured one, or the override before this one. Default: `"configured"`. */
    readonly to?: "configured" | "previous";
}
/** What can be done with a bucket, if the token allows it. Each is safe to retry, and is retried. */
export interface BucketVerbs {
    /**
     * Resolves with the buckets that are busy or were in the last minutes, as far as the token may read them, and with how
     * many more there are. A bucket appears five to ten seconds after it became busy.
     */
    listBuckets(options?: ListBucketsOptions): Promise<BusyBuckets>;
    /** Resolves with the bucket's current state. Takes no tokens and doesn't create the bucket. */
    inspect(bucket: string, options?: CallOptions): Promise<BucketSnapshot>;
    /**
     * Overrides the bucket's policy until `dropOverride` or `reset`; fields that are left out keep their values. Each
     * limit named in `limits` is replaced as a whole, or removed by `null`; the others stay. Resolves
     * with the bucket under its new policy. Requires an `ADMIN_TOKEN`.
     */
    setPolicy(bucket: string, policy: WrittenChanges, options?: OverrideOptions): Promise<BucketSnapshot>;
    /**
     * Resolves with what `setPolicy` would do now: the bucket after it, whose wait would end, and how many waiters would
     * be granted at another time. Changes nothing. Requires an `ADMIN_TOKEN`.
     */
    dryRun(bucket: string, policy: WrittenChanges, options?: CallOptions): Promise<DryRun>;
    /**
     * Takes an override back: resolves with the bucket under its configured policy or, with `to: "previous"`, under the
     * override before this one; one is kept. Requires an `ADMIN_TOKEN`.
     *
     * @throws {SluiceError} `no-override` if there is none. After a connection has broken, that may be because the first
     * call has taken it back.
     */
    dropOverride(bucket: string, options?: DropOverrideOptions): Promise<BucketSnapshot>;
    /**
     * Refuses every waiter with `bucket-reset` and deletes the bucket's state. Requires an
     * `ADMIN_TOKEN`.
     */
    reset(bucket: string, options?: CallOptions): Promise<void>;
    /**
     * Keeps at most `tokens` in the bucket, and skips its ticks up to and including `untilMs`; then
     * ticks resume, one at a time. A calendar limit gives at most `tokens` until then, and loses nothing: see
     * `pausedTokens` of the snapshot. `limits` names the limits to pause; by default, only the first is.
     * When two pauses overlap, the later end and the smaller number of tokens apply, no matter who sent
     * them. With an `ADMIN_TOKEN`, an `untilMs` in the past, such as 0, ends the pause; with any other
     * token it changes nothing. Requires an `ADMIN_TOKEN`, or a token with the right `pause`.
     */
    pause(bucket: string, pause: PauseFields, options?: CallOptions): Promise<BucketSnapshot>;
    /**
     * Resolves with what the last hour was like, in windows of ten seconds. Windows in which the bucket wasn't busy are
     * missing, and so is what was before its object was last started.
     */
    history(bucket: string, options?: CallOptions): Promise<BucketHistory>;
    /** Resolves with who waits, in order, and with how many more there are. */
    listWaiters(bucket: string, options?: ListOptions): Promise<QueuedWaiters>;
    /**
     * Takes a waiter out of the queue, by its `id` in the list: it is refused with `cancelled-by-admin`, takes nothing,
     * and can't come back before its deadline. Resolves with whether it was waiting: `false` if it has been granted, or
     * is unknown. Requires an `ADMIN_TOKEN`.
     */
    removeWaiter(bucket: string, id: string, options?: CallOptions): Promise<boolean>;
}
