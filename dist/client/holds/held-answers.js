import { membersOf } from "../../core/is-record.js";
import { isHold, isPermit, unexpectedAnswer } from "../transport/answer.js";
/** @throws {SluiceError} If it is no such answer. */
export function settleOutcomeIn(answer) {
    const { status, body } = answer;
    const { id, used, returned, owed, settledAtMs } = membersOf(body);
    if (typeof id === "string" &&
        isTokens(used) &&
        isTokens(returned) &&
        isTokens(owed) &&
        typeof settledAtMs === "number") {
        return { ok: true, id, used, returned, owed, settledAtMs };
    }
    return holdRefusedIn(answer) ?? fail(status, body);
}
/** @throws {SluiceError} If it is no such answer. */
export function holdOutcomeIn(answer) {
    const { status, body } = answer;
    if (isHold(body))
        return { ok: true, id: body.id, expiresAtMs: body.expiresAtMs };
    return holdRefusedIn(answer) ?? fail(status, body);
}
/** @throws {SluiceError} If it is no such answer. */
export function permitOutcomeIn({ status, body }) {
    if (isPermit(body)) {
        return { ok: true, id: body.id, fence: body.fence, expiresAtMs: body.expiresAtMs };
    }
    const { reason } = membersOf(body);
    return reason === "permit-lost" ? { ok: false, reason } : fail(status, body);
}
function holdRefusedIn({ body }) {
    const { reason, settledAtMs, expiredAtMs } = membersOf(body);
    if (reason === "unknown-hold")
        return { ok: false, reason };
    if (reason !== "hold-settled")
        return undefined;
    return {
        ok: false,
        reason,
        ...(typeof settledAtMs === "number" && { settledAtMs }),
        ...(typeof expiredAtMs === "number" && { expiredAtMs }),
    };
}
function isTokens(value) {
    return Object.values(membersOf(value)).every((count) => typeof count === "number");
}
function fail(status, body) {
    throw unexpectedAnswer(status, body);
}
