/**
 * Buckets as this isolate grants from them: the platform under a `LeaseDriver`. A grant from a lease takes no
 * call to the object. What the object must hear is sent on the side, in calls that keep running after the
 * response of the request that they began in.
 */
import type { LeaseAsk, LeaseReport } from "../core/lease/lease.ts";
import type { Grant } from "../core/outcome.ts";
import type { LeaseTerms } from "../core/policy-tables.ts";
import type { NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { LeaseAnswer } from "../wire/bucket-answers.ts";
import type { GrantingBucket } from "../answers/acquire-answer.ts";
import type { BucketObject } from "../bucket/bucket-object.ts";
import { GrantPoints } from "../answers/grant-points.ts";
/** Keeps what a promise stands for running after the response of the request it was made in. */
type WaitUntil = (promise: Promise<unknown>) => void;
/** A grant from a lease, and what is known of the bucket. */
export interface LeasedGrant {
    readonly bucket: GrantingBucket;
    readonly grant: Grant;
}
/** The buckets that this isolate holds leases of. They live as long as the isolate does. */
export declare class LeasedBuckets {
    #private;
    /** @param dataset Where grants from leases are recorded. */
    constructor(objects: DurableObjectNamespace<BucketObject>, waitUntil: WaitUntil, dataset?: AnalyticsEngineDataset);
    /** The leases of the bucket `name`; `undefined` where its policy allows none. */
    find(name: string, policy: NamedPolicyFields): LeasedBucket | undefined;
}
/** The isolate's leases of one bucket. */
export declare class LeasedBucket {
    #private;
    /**
     * @param lend Calls the object, once.
     * @param points Where grants are written down.
     */
    constructor(terms: LeaseTerms, lend: (ask: LeaseAsk) => Promise<LeaseAnswer>, waitUntil: WaitUntil, points?: GrantPoints);
    /**
     * The grant of `tokens`, where leases cover it; else `undefined`. Then the request has to go to the object
     * with what `returnAll` returns, and `flushReports` is to be called when it is settled.
     */
    acquire(tokens: number): LeasedGrant | undefined;
    /** See `LeaseHolder.backOffMs`. */
    backOffMs(): number;
    /** The object could not take a request. */
    failedAt(error: unknown): void;
    /** See `LeaseHolder.returnAll`. */
    returnAll(): LeaseReport | undefined;
    /**
     * Gives all that is held back, in a call of its own: the bucket is paused, and what is still granted
     * here would go past it. What that begins keeps the context of the request running that it is called in.
     */
    giveUp(): void;
    /**
     * Says to the object whatever there is to be said, now and when leases end. What that begins keeps the
     * context of the request running that it is called in.
     */
    flushReports(): void;
}
export {};
