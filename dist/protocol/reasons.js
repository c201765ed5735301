import { CLIENT_CLOSED_REQUEST } from "./client-closed.js";
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
};
/** What follows from each reason. */
export const reasonFields = table;
/**
 * What follows from a reason in an answer. Nothing is known of one that only a newer Sluice has.
 *
 * @example
 * fieldsOfReason("timeout").status; // 429
 * fieldsOfReason("of-tomorrow").status; // undefined
 */
export function fieldsOfReason(reason) {
    return isReason(reason) ? reasonFields[reason] : {};
}
/** Whether an acquire ends with this reason, as an outcome. */
export function isRefusalReason(reason) {
    return fieldsOfReason(reason).isOutcome === true;
}
function isReason(text) {
    return Object.hasOwn(reasonFields, text);
}
