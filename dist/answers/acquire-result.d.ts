import type { FieldFault } from "../core/values.ts";
import type { Grant } from "../core/outcome.ts";
import type { ProblemDetails } from "../protocol/problem-document.ts";
import type { RateLimitState } from "../protocol/rate-limit-fields.ts";
import type { Reason } from "../protocol/reasons.ts";
import type { AcquireAnswer, BucketState, GrantingBucket } from "./acquire-answer.ts";
/** A refusal. */
export interface Refused {
    readonly kind: "refused";
    readonly reason: Reason;
    /** `policy` is the name of the bucket's policy, for the log. */
    readonly details: ProblemDetails & {
        readonly policy?: string;
    };
    /** Present if waiting helps: the answer says how full the bucket is. */
    readonly bucket?: BucketState;
}
/** A grant, and the tokens in its bucket now: if it is a repeated one, not what it left. */
export interface Granted {
    readonly kind: "granted";
    readonly bucket: GrantingBucket;
    readonly grant: Grant;
    /** Further limits that it doesn't have are as the bucket shows them. */
    readonly now: Pick<Grant, "remaining" | "limits">;
}
/** The result of an acquire. */
export type AcquireResult = Granted | Refused;
/**
 * The result that `answer` is.
 *
 * @param ticketField What callers call the ticket that they present.
 */
export declare function acquireResult(answer: AcquireAnswer, ticketField?: string): AcquireResult;
/** The process is shutting down, and the next one will answer. Nothing was taken. */
export declare function stopping(): Refused;
/** A call that is wrong: every fault is named. */
export declare function invalidRequest(errors: readonly FieldFault[]): Refused;
/** The refusal for `reason`, without the state of a bucket. */
export declare function refusal(reason: Reason, details: Refused["details"]): Refused;
/** The result that is this grant. */
export declare function granted(bucket: GrantingBucket, grant: Grant, now?: Granted["now"]): Granted;
/** What a grant has besides its numbers; `undefined` for nearly all of them. */
export declare function furtherMembers({ limits, hold, permit, }: Grant): Pick<Grant, "limits" | "hold" | "permit"> | undefined;
/** The bucket after a grant. */
export declare function rateLimitAfter({ bucket, now }: Granted): RateLimitState;
/**
 * What an answer says about its bucket.
 *
 * @param tokens Tokens in the first limit now.
 * @param limits What a grant has left in the further limits; by default what the bucket shows.
 */
export declare function rateLimitOf({ policyName, policy, view, nowMs }: GrantingBucket, tokens: number, limits?: Grant["limits"]): RateLimitState;
