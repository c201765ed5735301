/**
 * Why Sluice says no: the closed set of reasons, and what follows from each one wherever it is said.
 *
 * A new reason is a new row here. The compiler then names every switch that has to handle it.
 */
import type { LimiterReason } from "../core/outcome.ts";

import { CLIENT_CLOSED_REQUEST } from "./client-closed.ts";

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

const QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded";

const table = {
  "invalid-request": { status: 400, title: "Invalid request" },
  unauthorized: { status: 401, title: "Unauthorized", isMisconfigured: true },
  "admin-disabled": { status: 403, title: "Admin calls are disabled", isMisconfigured: true },
  "origin-not-allowed": { status: 403, title: "Origin is not allowed", isMisconfigured: true },
  "unknown-bucket": { status: 404, title: "Unknown bucket", isMisconfigured: true },
  "unknown-hold": { status: 404, title: "Unknown hold" },
  "unknown-waiter": { status: 404, title: "Unknown waiter" },
  "not-found": { status: 404, title: "Not found", isMisconfigured: true },
  "method-not-allowed": { status: 405, title: "Method not allowed", isMisconfigured: true },
  "id-in-use": { status: 409, title: "Id is in use" },
  "hold-settled": { status: 409, title: "Hold is settled" },
  "no-override": { status: 409, title: "Bucket has no override" },
  "permit-lost": { status: 410, title: "Permit is lost" },
  "body-too-large": { status: 413, title: "Body too large" },
  "host-not-allowed": { status: 421, title: "Host is not allowed" },
  "idempotency-key-reused": { status: 422, title: "Idempotency key was used for another request" },
  "ticket-mismatch": { status: 422, title: "Ticket was given for another request" },
  "exceeds-capacity": {
    status: 422,
    title: "More tokens than the bucket can hold",
    isOutcome: true,
  },
  "upgrade-required": { status: 426, title: "Upgrade required" },
  timeout: {
    status: 429,
    title: "Cannot be granted in time",
    type: QUOTA_EXCEEDED,
    isOutcome: true,
    hasRetryAfter: true,
  },
  "queue-full": {
    status: 429,
    title: "Queue is full",
    type: QUOTA_EXCEEDED,
    isOutcome: true,
    hasRetryAfter: true,
  },
  "holds-full": {
    status: 429,
    title: "Too many open holds",
    type: QUOTA_EXCEEDED,
    isOutcome: true,
    hasRetryAfter: true,
  },
  cancelled: { status: CLIENT_CLOSED_REQUEST, title: "Request was cancelled", isOutcome: true },
  "illegal-configuration": { status: 500, title: "Illegal configuration", isMisconfigured: true },
  "internal-error": { status: 500, title: "Internal error", isTransient: true },
  "bucket-reset": { status: 503, title: "Bucket was reset", isOutcome: true },
  "cancelled-by-admin": {
    status: 503,
    title: "Request was cancelled by an admin",
    isOutcome: true,
  },
  unavailable: {
    status: 503,
    title: "Bucket is unavailable",
    isOutcome: true,
    hasRetryAfter: true,
    isTransient: true,
  },
  "watchers-full": { status: 503, title: "Bucket is watched by too many", hasRetryAfter: true },
  "sessions-full": { status: 503, title: "Bucket has too many sessions", hasRetryAfter: true },
} as const satisfies Readonly<Record<LimiterReason, ReasonFields> & Record<string, ReasonFields>>;

/**
 * Why Sluice said no, in the `reason` member of the problem document. Closed: a switch over it is
 * exhaustive.
 */
export type Reason = keyof typeof table;

/** Why an acquire ended without its tokens. */
export type RefusalReason = {
  [Key in Reason]: (typeof table)[Key] extends { readonly isOutcome: true } ? Key : never;
}[Reason];

/** What follows from each reason. */
export const reasonFields: Readonly<Record<Reason, ReasonFields>> = table;

/**
 * What follows from a reason in an answer. Nothing is known of one that only a newer Sluice has.
 *
 * @example
 * fieldsOfReason("timeout").status; // 429
 * fieldsOfReason("of-tomorrow").status; // undefined
 */
export function fieldsOfReason(reason: string): Partial<ReasonFields> {
  return isReason(reason) ? reasonFields[reason] : {};
}

/** Whether an acquire ends with this reason, as an outcome. */
export function isRefusalReason(reason: string): reason is RefusalReason {
  return fieldsOfReason(reason).isOutcome === true;
}

function isReason(text: string): text is Reason {
  return Object.hasOwn(reasonFields, text);
}
