import { isRefusalReason } from "../protocol/reasons.js";
import { errorOf, grantIn, problemIn } from "./transport/answer.js";
/** `retryAfterMs` of a refusal when Sluice can't be reached and gave none. */
const UNAVAILABLE_RETRY_MS = 1_000;
/**
 * The outcome that an answer states.
 *
 * @throws {TransportError} If it says that a retry may help.
 * @throws {SluiceError} If the call was wrong or isn't allowed, or something else answered.
 */
export function outcomeIn(answer, bucket, tokens) {
    const problem = problemIn(answer);
    const { status, body, rateLimit } = answer;
    const state = rateLimit && { rateLimit };
    if (!problem)
        return { ok: true, ...grantIn(status, body), ...state };
    const { reason, detail, retryAfterMs, estimate, violatedPolicies } = problem;
    if (!isRefusalReason(reason))
        throw errorOf(problem);
    const later = retryAfterMs !== undefined && { retryAfterMs, ...(estimate && { estimate }) };
    const violated = violatedPolicies && { violatedPolicies };
    return { ok: false, bucket, tokens, reason, detail, ...later, ...violated, ...state };
}
/** The refusal of an acquire that got no outcome. */
export function unavailableOutcome({ message: detail, retryAfterMs = UNAVAILABLE_RETRY_MS }, bucket, tokens) {
    return { ok: false, bucket, tokens, reason: "unavailable", detail, retryAfterMs };
}
