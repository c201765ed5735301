import { jsonText } from "./text.js";
import { ceilSeconds } from "./rate-limit-fields.js";
import { reasonFields } from "./reasons.js";
/** The body of the problem document for `reason`. */
export function problemBody(reason, details) {
    const { detail, errors, retryAfterMs, estimate, settledAtMs, expiredAtMs, violatedPolicies } = details;
    const { status, title, type = "about:blank" } = reasonFields[reason];
    return {
        type,
        title,
        status,
        detail,
        reason,
        ...(errors && { errors }),
        ...(retryAfterMs !== undefined && { retryAfterMs }),
        ...(estimate && { estimate }),
        ...(settledAtMs !== undefined && { settledAtMs }),
        ...(expiredAtMs !== undefined && { expiredAtMs }),
        ...(violatedPolicies && { "violated-policies": violatedPolicies }),
    };
}
/** The problem document for `reason`. */
export function problemDocument(reason, details) {
    const body = problemBody(reason, details);
    const { retryAfterMs } = details;
    const headers = {
        "Content-Type": "application/problem+json",
        ...(retryAfterMs !== undefined && {
            "Retry-After": String(Math.max(1, ceilSeconds(retryAfterMs))),
        }),
    };
    return { status: body.status, headers, text: jsonText(body) };
}
