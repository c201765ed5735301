import { problemDocument } from "../../protocol/problem-document.js";
import { rateLimitFields } from "../../protocol/rate-limit-fields.js";
/**
 * Returns the response for a refusal: 429 for `timeout`, `queue-full` and `holds-full`, 422 for
 * `exceeds-capacity`, 499 for `cancelled`, 503 for `bucket-reset`, `cancelled-by-admin` and `unavailable`. It is
 * never cached, carries `Retry-After` if a retry can succeed, and the `RateLimit` fields if the state of
 * the bucket is known.
 *
 * @example
 * const outcome = await sluice.acquire("exports");
 * if (!outcome.ok) return refusalResponse(outcome);
 */
export function refusalResponse(refusal) {
    const { reason, detail, retryAfterMs, estimate, violatedPolicies, rateLimit } = refusal;
    return problemResponse(reason, {
        detail,
        ...(retryAfterMs !== undefined && { retryAfterMs }),
        estimate,
        ...(violatedPolicies && { violatedPolicies }),
    }, rateLimit && rateLimitFields(rateLimit));
}
/** Status 400: no bucket could grant the request; `errors` lists every fault. */
export function invalidRequestResponse(errors) {
    const detail = errors.map(({ message }) => message).join("; ");
    return problemResponse("invalid-request", { detail, errors });
}
/** Status 503: the rate limit could not be checked. */
export function faultResponse() {
    return problemResponse("unavailable", { detail: "The rate limiter of this service failed" });
}
function problemResponse(reason, details, fields) {
    const { status, headers, text } = problemDocument(reason, details);
    return new Response(text, {
        status,
        headers: { ...headers, "Cache-Control": "no-store", ...fields },
    });
}
