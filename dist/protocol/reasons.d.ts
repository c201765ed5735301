/** What all refusals with the same reason have in common. */
export interface ReasonFields {
    /** Status of the answer. */
    readonly status: number;
    /** `title` of the problem document. */
    readonly title: string;
    /** `type` of the problem document. Default: `about:blank`. */
    readonly type?: string;
    /** Whether a client returns it as the outcome of an acquire; it throws all others. */
    readonly isOutcome?: true;
    /** Whether the answer says when to come back, in `Retry-After` and `retryAfterMs`. */
    readonly hasRetryAfter?: true;
    /** Whether a client sends the same request again by itself. */
    readonly isTransient?: true;
    /** Whether only the operator can fix it, so that a client's `onUnavailable` covers it. */
    readonly isMisconfigured?: true;
}
declare const table: {
    readonly "invalid-request": {
        readonly status: 400;
        readonly title: "Invalid request";
    };
    readonly unauthorized: {
        readonly status: 401;
        readonly title: "Unauthorized";
        readonly isMisconfigured: true;
    };
    readonly "admin-disabled": {
        readonly status: 403;
        readonly title: "Admin calls are disabled";
        readonly isMisconfigured: true;
    };
    readonly "origin-not-allowed": {
        readonly status: 403;
        readonly title: "Origin is not allowed";
        readonly isMisconfigured: true;
    };
    readonly "unknown-bucket": {
        readonly status: 404;
        readonly title: "Unknown bucket";
        readonly isMisconfigured: true;
    };
    readonly "unknown-hold": {
        readonly status: 404;
        readonly title: "Unknown hold";
    };
    readonly "unknown-waiter": {
        readonly status: 404;
        readonly title: "Unknown waiter";
    };
    readonly "not-found": {
        readonly status: 404;
        readonly title: "Not found";
        readonly isMisconfigured: true;
    };
    readonly "method-not-allowed": {
        readonly status: 405;
        readonly title: "Method not allowed";
        readonly isMisconfigured: true;
    };
    readonly "id-in-use": {
        readonly status: 409;
        readonly title: "Id is in use";
    };
    readonly "hold-settled": {
        readonly status: 409;
        readonly title: "Hold is settled";
    };
    readonly "no-override": {
        readonly status: 409;
        readonly title: "Bucket has no override";
    };
    readonly "permit-lost": {
        readonly status: 410;
        readonly title: "Permit is lost";
    };
    readonly "body-too-large": {
        readonly status: 413;
        readonly title: "Body too large";
    };
    readonly "host-not-allowed": {
        readonly status: 421;
        readonly title: "Host is not allowed";
    };
    readonly "idempotency-key-reused": {
        readonly status: 422;
        readonly title: "Idempotency key was used for another request";
    };
    readonly "ticket-mismatch": {
        readonly status: 422;
        readonly title: "Ticket was given for another request";
    };
    readonly "exceeds-capacity": {
        readonly status: 422;
        readonly title: "More tokens than the bucket can hold";
        readonly isOutcome: true;
    };
    readonly "upgrade-required": {
        readonly status: 426;
        readonly title: "Upgrade required";
    };
    readonly timeout: {
        readonly status: 429;
        readonly title: "Cannot be granted in time";
        readonly type: "https://iana.org/assignments/http-problem-types#quota-exceeded";
        readonly isOutcome: true;
        readonly hasRetryAfter: true;
    };
    readonly "queue-full": {
        readonly status: 429;
        readonly title: "Queue is full";
        readonly type: "https://iana.org/assignments/http-problem-types#quota-exceeded";
        readonly isOutcome: true;
        readonly hasRetryAfter: true;
    };
    readonly "holds-full": {
        readonly status: 429;
        readonly title: "Too many open holds";
        readonly type: "https://iana.org/assignments/http-problem-types#quota-exceeded";
        readonly isOutcome: true;
        readonly hasRetryAfter: true;
    };
    readonly cancelled: {
        readonly status: 499;
        readonly title: "Request was cancelled";
        readonly isOutcome: true;
    };
    readonly "illegal-configuration": {
        readonly status: 500;
        readonly title: "Illegal configuration";
        readonly isMisconfigured: true;
    };
    readonly "internal-error": {
        readonly status: 500;
        readonly title: "Internal error";
        readonly isTransient: true;
    };
    readonly "bucket-reset": {
        readonly status: 503;
        readonly title: "Bucket was reset";
        readonly isOutcome: true;
    };
    readonly "cancelled-by-admin": {
        readonly status: 503;
        readonly title: "Request was cancelled by an admin";
        readonly isOutcome: true;
    };
    readonly unavailable: {
        readonly status: 503;
        readonly title: "Bucket is unavailable";
        readonly isOutcome: true;
        readonly hasRetryAfter: true;
        readonly isTransient: true;
    };
    readonly "watchers-full": {
        readonly status: 503;
        readonly title: "Bucket is watched by too many";
        readonly hasRetryAfter: true;
    };
    readonly "sessions-full": {
        readonly status: 503;
        readonly title: "Bucket has too many sessions";
        readonly hasRetryAfter: true;
    };
};
/**
 * Why Sluice said no, in the `reason` member of the problem document. Closed: a switch over it is
 * exhaustive.
 */
export type Reason = keyof typeof table;
/** Why an acquire ended without its tokens. */
export type RefusalReason = {
    [Key in Reason]: (typeof table)[Key] extends {
        readonly isOutcome: true;
    } ? Key : never;
}[Reason];
/** What follows from each reason. */
export declare const reasonFields: Readonly<Record<Reason, ReasonFields>>;
/**
 * What follows from a reason in an answer. Nothing is known of one that only a newer Sluice has.
 *
 * @example
 * fieldsOfReason("timeout").status; // 429
 * fieldsOfReason("of-tomorrow").status; // undefined
 */
export declare function fieldsOfReason(reason: string): Partial<ReasonFields>;
/** Whether an acquire ends with this reason, as an outcome. */
export declare function isRefusalReason(reason: string): reason is RefusalReason;
export {};
