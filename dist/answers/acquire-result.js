import { MAX_OPEN_HOLDS } from "../core/holds/open-grants.js";
import { FIRST_LIMIT } from "../core/limits/limit-name.js";
import { showValue } from "../core/values.js";
import { ceilSeconds } from "../protocol/rate-limit-fields.js";
import { tokensText } from "../protocol/text.js";
import { TICKET_FIELD } from "../protocol/ticket-form.js";
/** How many faults `detail` repeats; `errors` has all of them. */
const FAULTS_IN_DETAIL = 5;
/** When to retry after a shutdown: the next process needs about this long to start. */
const RESTART_MS = 1_000;
/**
 * The result that `answer` is.
 *
 * @param ticketField What callers call the ticket that they present.
 */
export function acquireResult(answer, ticketField = TICKET_FIELD) {
    switch (answer.kind) {
        case "outcome":
            return outcomeResult(answer.bucket, answer.outcome, answer);
        case "replay":
            return granted(answer.bucket, answer.grant, { remaining: answer.bucket.view.tokens });
        case "place-crowded": {
            const { bucket, key, requests, retryAfterMs } = answer;
            const shared = key === undefined ? "with this ticket" : `under the key ${showValue(key)}`;
            const detail = `Cannot wait ${shared}: ${requests} requests already do`;
            return quotaExceeded(bucket, "queue-full", { detail, retryAfterMs });
        }
        case "key-reused":
            return refusal("idempotency-key-reused", {
                detail: `The key ${showValue(answer.key)} was already used with different tokens, timeoutMs or holdMs`,
            });
        case "ticket-mismatch":
            return refusal("ticket-mismatch", {
                detail: "The ticket was given for different tokens, timeoutMs or holdMs, or under another Idempotency-Key",
            });
        case "ticket-forged": {
            const got = `got ${showValue(answer.ticket)}`;
            const message = `${ticketField} is not a ticket of this bucket: ${got}; without one, the request queues anew`;
            return invalidRequest([{ field: ticketField, message }]);
        }
        case "invalid":
            return invalidRequest(answer.errors);
        case "reset":
            return bucketReset();
        case "cancelled":
            return cancelled();
        case "cancelled-by-admin":
            return cancelledByAdmin();
        case "unavailable":
            return stopping();
        default:
            return answer;
    }
}
function outcomeResult(bucket, outcome, { asked, timeoutMs }) {
    if (outcome.ok)
        return granted(bucket, outcome);
    const { policy, view } = bucket;
    const { reason, retryAfterMs = 0, violatedLimits, estimate } = outcome;
    const tokens = tokensText(asked);
    switch (reason) {
        case "exceeds-capacity": {
            const detail = `Cannot acquire ${tokens}: ${capacityText(policy, violatedLimits)}`;
            const violatedPolicies = policyNames(bucket, violatedLimits);
            return refusal(reason, { detail, policy: bucket.policyName, violatedPolicies });
        }
        case "timeout": {
            const late = violatedLimits
                ? `, limited by ${violatedLimits.join(" and ") || "permits"}`
                : "";
            const when = `${retryAfterMs} ms${estimate ? " by estimate" : ""}`;
            const detail = `Cannot acquire ${tokens} within ${timeoutMs} ms: the earliest is in ${when}${late}`;
            return quotaExceeded(bucket, reason, { detail, retryAfterMs, estimate }, violatedLimits);
        }
        case "queue-full": {
            const detail = `Cannot wait for ${tokens}: ${view.waiters} callers are waiting, queueLimit is ${policy.queueLimit}`;
            return quotaExceeded(bucket, reason, { detail, retryAfterMs, estimate }, violatedLimits);
        }
        case "holds-full": {
            const detail = `Cannot hold ${tokens}: the bucket has ${MAX_OPEN_HOLDS} open holds, the most it can have; the first ends in ${retryAfterMs} ms`;
            return quotaExceeded(bucket, reason, { detail, retryAfterMs });
        }
        case "bucket-reset":
            return bucketReset(bucket.policyName);
        case "unavailable":
            return stopping();
        default:
            return reason;
    }
}
/** Such as `capacity is 5`, and `the capacity of tpm is 90000`. */
function capacityText({ capacity, limits }, violated) {
    if (!violated)
        return `capacity is ${capacity}`;
    const over = limits.filter(({ name }) => violated.includes(name));
    return over.map(({ name, fields }) => `the capacity of ${name} is ${fields.capacity}`).join(", ");
}
/** Names of limits as the `RateLimit` fields have them. */
function policyNames({ policyName }, limits = [FIRST_LIMIT]) {
    return limits.map((limit) => quotaName(policyName, limit));
}
function quotaName(policyName, limit) {
    return limit === FIRST_LIMIT ? policyName : `${policyName}/${limit}`;
}
function bucketReset(policy) {
    const detail = "The bucket was reset while this request was waiting";
    return refusal("bucket-reset", { detail, ...(policy !== undefined && { policy }) });
}
/** A caller that knows its key has cancelled the request. */
function cancelled() {
    const detail = "This request was cancelled by its Idempotency-Key; nothing was taken";
    return refusal("cancelled", { detail });
}
/** An admin has removed the request from the queue. To ask again at once is what the admin wanted to prevent. */
function cancelledByAdmin() {
    const detail = "An admin removed this request from the queue; nothing was taken";
    return refusal("cancelled-by-admin", { detail });
}
/** The process is shutting down, and the next one will answer. Nothing was taken. */
export function stopping() {
    return refusal("unavailable", {
        detail: "Sluice is shutting down; nothing was taken",
        retryAfterMs: RESTART_MS,
    });
}
/** A refusal that waiting helps against. */
function quotaExceeded(bucket, reason, details, violatedLimits) {
    const violatedPolicies = policyNames(bucket, violatedLimits);
    const policy = bucket.policyName;
    return { ...refusal(reason, { ...details, policy, violatedPolicies }), bucket };
}
/** A call that is wrong: every fault is named. */
export function invalidRequest(errors) {
    const messages = errors.slice(0, FAULTS_IN_DETAIL).map((fault) => fault.message);
    const more = errors.length - messages.length;
    const detail = [...messages, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
    return refusal("invalid-request", { detail, errors });
}
/** The refusal for `reason`, without the state of a bucket. */
export function refusal(reason, details) {
    return { kind: "refused", reason, details };
}
/** The result that is this grant. */
export function granted(bucket, grant, now = grant) {
    return { kind: "granted", bucket, grant, now };
}
/** What a grant has besides its numbers; `undefined` for nearly all of them. */
export function furtherMembers({ limits, hold, permit, }) {
    if (!limits && !hold && !permit)
        return undefined;
    return { ...(limits && { limits }), ...(hold && { hold }), ...(permit && { permit }) };
}
/** The bucket after a grant. */
export function rateLimitAfter({ bucket, now }) {
    return rateLimitOf(bucket, now.remaining, now.limits);
}
/**
 * What an answer says about its bucket.
 *
 * @param tokens Tokens in the first limit now.
 * @param limits What a grant has left in the further limits; by default what the bucket shows.
 */
export function rateLimitOf({ policyName, policy, view, nowMs }, tokens, limits = {}) {
    const { nextTickAtMs } = view;
    const state = quotaOf(policyName, policy.limits[0], { tokens, nextTickAtMs }, nowMs);
    if (policy.limits.length === 1)
        return state;
    const further = policy.limits.slice(1).flatMap((spec) => {
        const seen = view.limits?.[spec.name];
        const left = limits[spec.name]?.remaining ?? seen?.tokens ?? 0;
        const name = quotaName(policyName, spec.name);
        return seen ? [quotaOf(name, spec, { ...seen, tokens: left }, nowMs)] : [];
    });
    return { ...state, others: further };
}
function quotaOf(policy, spec, { tokens, nextTickAtMs }, nowMs) {
    if (!spec)
        throw new RangeError("A bucket needs a limit");
    const { capacity } = spec.fields;
    return {
        policy,
        capacity,
        windowSeconds: ceilSeconds(spec.kind.windowMs(spec.fields)),
        remaining: tokens,
        ...(tokens < capacity && { resetSeconds: ceilSeconds(nextTickAtMs - nowMs) }),
    };
}
