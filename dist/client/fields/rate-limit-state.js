import { parseFieldList } from "./field-list.js";
/** Reads the fields of an answer; `undefined` if they are missing or incomplete. */
export function readRateLimitState(fields) {
    const limits = parseFieldList(fields.get("RateLimit") ?? "");
    const policies = parseFieldList(fields.get("RateLimit-Policy") ?? "");
    const states = policies.map((policy, index) => stateIn(policy, limits[index]));
    const [first, ...others] = states;
    const further = others.filter((state) => state !== undefined);
    return first && further.length > 0 ? { ...first, others: further } : first;
}
function stateIn(policy, limit) {
    if (policy.name !== limit?.name)
        return undefined;
    const capacity = count(policy.parameters.get("q"));
    const windowSeconds = count(policy.parameters.get("w"));
    const remaining = count(limit.parameters.get("r"));
    const resetSeconds = count(limit.parameters.get("t"));
    if (capacity === undefined || windowSeconds === undefined || remaining === undefined) {
        return undefined;
    }
    return {
        policy: policy.name,
        capacity,
        windowSeconds,
        remaining,
        ...(resetSeconds !== undefined && { resetSeconds }),
    };
}
function count(text) {
    return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
