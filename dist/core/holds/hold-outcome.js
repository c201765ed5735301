import { throwFaults } from "../values.js";
/** @throws {RangeError} If the call was wrong. */
export function settleOutcome(answer) {
    return answer.kind === "settled" ? { ok: true, ...answer.settled } : holdRefused(answer);
}
/** @throws {RangeError} If the call was wrong. */
export function holdOutcome(answer) {
    if (answer.kind !== "open")
        return holdRefused(answer);
    return { ok: true, id: answer.id, expiresAtMs: answer.expiresAtMs };
}
export function permitOutcome(answer) {
    if (answer.kind === "permit-lost")
        return { ok: false, reason: answer.kind };
    return { ok: true, ...answer.permit };
}
/** @throws {RangeError} If the call was wrong. */
function holdRefused(answer) {
    if (answer.kind === "invalid")
        throwFaults(answer.errors);
    if (answer.kind !== "hold-settled")
        return { ok: false, reason: "unknown-hold" };
    const { kind: reason, ...atMs } = answer;
    return { ok: false, reason, ...atMs };
}
