/** The part of a client that makes the calls for a bucket as a whole. */
import type { PauseFields } from "../core/pause.ts";
import type { WrittenChanges } from "../core/written-policy.ts";
import type { BucketHistory } from "../protocol/bucket-history.ts";
import type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
import type { BusyBuckets } from "../protocol/busy-bucket.ts";
import type { DryRun, QueuedWaiters } from "../protocol/queued-waiter.ts";
import type { BucketVerbs, CallOptions, DropOverrideOptions, ListBucketsOptions, ListOptions, OverrideOptions } from "./bucket-verbs.ts";
import type { RetriedCalls } from "./transport/retried-calls.ts";
/** Makes the calls for buckets. */
export declare class BucketClient implements BucketVerbs {
    #private;
    constructor(calls: RetriedCalls);
    inspect(bucket: string, options?: CallOptions): Promise<BucketSnapshot>;
    setPolicy(bucket: string, policy: WrittenChanges, options?: OverrideOptions): Promise<BucketSnapshot>;
    dryRun(bucket: string, policy: WrittenChanges, options?: CallOptions): Promise<DryRun>;
    dropOverride(bucket: string, options?: DropOverrideOptions): Promise<BucketSnapshot>;
    reset(bucket: string, options?: CallOptions): Promise<void>;
    pause(bucket: string, pause: PauseFields, options?: CallOptions): Promise<BucketSnapshot>;
    listBuckets(options?: ListBucketsOptions): Promise<BusyBuckets>;
    history(bucket: string, options?: CallOptions): Promise<BucketHistory>;
    listWaiters(bucket: string, options?: ListOptions): Promise<QueuedWaiters>;
    removeWaiter(bucket: string, id: string, options?: CallOptions): Promise<boolean>;
}
