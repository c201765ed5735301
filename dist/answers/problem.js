import { problemBody, problemDocument } from "../protocol/problem-document.js";
import { COMMON_FIELDS } from "./common-fields.js";
import { logRefusal } from "./refusal-log.js";
/** The response for `reason`: never cached, and with `Retry-After` if waiting helps. */
export function problemResponse(reason, { policy, headers, ...details }) {
    const { violatedPolicies } = details;
    logRefusal({ reason, policy, violatedPolicies });
    const document = problemDocument(reason, details);
    return new Response(document.text, {
        status: document.status,
        headers: { ...COMMON_FIELDS, ...document.headers, ...headers },
    });
}
/** The body of a message for `reason`. */
export function problemMessage(reason, { policy, ...details }) {
    const { violatedPolicies } = details;
    logRefusal({ reason, policy, violatedPolicies });
    return problemBody(reason, details);
}
