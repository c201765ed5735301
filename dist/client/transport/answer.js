import { isRecord, membersOf } from "../../core/is-record.js";
import { showValue } from "../../core/values.js";
import { fieldsOfReason } from "../../protocol/reasons.js";
import { TransportError } from "./transport-error.js";
import { readRateLimitState } from "../fields/rate-limit-state.js";
import { SluiceError } from "../sluice-error.js";
const CLIENT_ERROR = 400;
const SERVER_ERROR = 500;
/**
 * Statuses below 500 that aren't the request's fault: it took too long, came too early, or was one
 * too many.
 */
const RETRYABLE_STATUSES = new Set([408, 425, 429]);
/** Reads the whole response. Rejects if it is cut off. */
export async function readAnswer(response) {
    const { status, headers } = response;
    const text = await response.text();
    const retryAfter = headers.get("Retry-After") ?? "";
    const retryAfterMs = /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : undefined;
    return { status, body: parseJson(text), retryAfterMs, rateLimit: readRateLimitState(headers) };
}
/** Parses JSON; returns the text itself if it is not JSON. */
export function parseJson(text) {
    try {
        return JSON.parse(text);
    }
    catch {
        return text;
    }
}
/**
 * The problem that an answer describes; `undefined` if it is not a problem.
 *
 * @throws {TransportError} If the problem or the status says that a retry may help.
 * @throws {SluiceError} If it is a failure that didn't come from Sluice.
 */
export function problemIn({ status, body, retryAfterMs }) {
    const problem = readProblem(body);
    if (problem) {
        if (fieldsOfReason(problem.reason).isTransient)
            throw new TransportError(problem);
        return problem;
    }
    if (status < CLIENT_ERROR)
        return undefined;
    if (status >= SERVER_ERROR || RETRYABLE_STATUSES.has(status)) {
        throw new TransportError({ detail: `Got status ${status}`, status, retryAfterMs });
    }
    throw unexpectedAnswer(status, body);
}
/** The error for a call that is wrong or not allowed. */
export function errorOf({ reason, detail, status, errors }) {
    return new SluiceError({ reason, detail, status, errors });
}
function readProblem(body) {
    const members = membersOf(body);
    const { status, reason, detail, errors, retryAfterMs } = members;
    const violated = members["violated-policies"];
    if (!isReason(reason))
        return undefined;
    return {
        status: typeof status === "number" ? status : undefined,
        reason,
        detail: typeof detail === "string" ? detail : reason,
        errors: Array.isArray(errors) ? errors.filter(isFieldFault) : undefined,
        retryAfterMs: isDuration(retryAfterMs) ? retryAfterMs : undefined,
        estimate: members["estimate"] === true ? true : undefined,
        violatedPolicies: Array.isArray(violated) ? violated.map(String) : undefined,
    };
}
function isDuration(value) {
    return typeof value === "number" && value >= 0 && value < Infinity;
}
/**
 * Accepts any string: a reason this client doesn't know comes from a later Sluice and is passed on
 * unchanged.
 */
function isReason(value) {
    return typeof value === "string";
}
function isFieldFault(value) {
    const { field, message } = membersOf(value);
    return typeof field === "string" && typeof message === "string";
}
/**
 * Reads a grant from a body.
 *
 * @throws {SluiceError} If it is not a grant.
 */
export function grantIn(status, body) {
    const members = membersOf(body);
    const { bucket, tokens, remaining, waitedMs, grantedAtMs } = members;
    if (typeof bucket === "string" &&
        typeof tokens === "number" &&
        typeof remaining === "number" &&
        typeof waitedMs === "number" &&
        typeof grantedAtMs === "number") {
        const grant = { bucket, tokens, remaining, waitedMs, grantedAtMs };
        return { ...grant, ...openGrantIn(members) };
    }
    throw unexpectedAnswer(status, body);
}
/** What a grant has besides its numbers. A member of another form is left out. */
function openGrantIn({ limits, hold, permit, }) {
    return {
        ...(isRecord(limits) && { limits: limitGrantsIn(limits) }),
        ...(isHold(hold) && { hold: { id: hold.id, expiresAtMs: hold.expiresAtMs } }),
        ...(isPermit(permit) && {
            permit: { id: permit.id, fence: permit.fence, expiresAtMs: permit.expiresAtMs },
        }),
    };
}
/** A hold as a grant and the answers about it have it. */
export function isHold(value) {
    const { id, expiresAtMs } = membersOf(value);
    return typeof id === "string" && typeof expiresAtMs === "number";
}
/** The same of a permit. */
export function isPermit(value) {
    return isHold(value) && typeof membersOf(value)["fence"] === "number";
}
/** What the grant took of each limit; an entry of another form is left out. */
function limitGrantsIn(limits) {
    const grants = {};
    for (const [name, limit] of Object.entries(limits)) {
        const { tokens, remaining } = membersOf(limit);
        if (typeof tokens !== "number" || typeof remaining !== "number")
            continue;
        grants[name] = { tokens, remaining };
    }
    return grants;
}
/**
 * Reads a place from what a stream or a session has sent.
 *
 * @throws {SluiceError} If it is not a place.
 */
export function placeIn(status, body) {
    const { position, etaMs, estimate, ticket } = membersOf(body);
    if (typeof position !== "number" || typeof etaMs !== "number")
        throw unexpectedAnswer(status, body);
    return {
        position,
        etaMs,
        ...(estimate === true && { estimate }),
        ...(typeof ticket === "string" && { ticket }),
    };
}
/** Reads the fields that an answer over HTTP would have carried as headers. */
export function rateLimitIn(fields) {
    const members = membersOf(fields);
    return readRateLimitState({
        get: (name) => (typeof members[name] === "string" ? members[name] : null),
    });
}
/** The error for an answer from something other than Sluice, or from an incompatible version. */
export function unexpectedAnswer(status, body) {
    const detail = `Not an answer from Sluice: ${status} ${showValue(body)}`;
    return new SluiceError({ reason: "unexpected-answer", detail, status });
}
