import { askedTokensFaults } from "../../core/ask.js";
import { tokenBucketFields } from "../../core/limits/token-bucket-fields.js";
import { queueFields } from "../../core/policy.js";
import { integerFault, isIntegerWithin, showValue } from "../../core/values.js";
import { checkBucket, checkFunction, checkInteger, checkTokensToTake, hasMethod, } from "../arguments.js";
import { RequestPermit } from "../holds/request-permit.js";
import { legalBucketName } from "./bucket-name.js";
import { clientClosedResponse } from "../../protocol/client-closed.js";
import { rateLimitFields } from "../../protocol/rate-limit-fields.js";
import { faultResponse, invalidRequestResponse, refusalResponse } from "./refusal-response.js";
import { SluiceError } from "../sluice-error.js";
import { isUnknownLimit } from "../unknown-limit.js";
/**
 * Longest wait of a request in shadow mode: Workers stop background work 30 s after the answer.
 * Requests that would have waited longer are reported as refused.
 */
const MAX_SHADOW_WAIT_MS = 25_000;
/** Status of an answer that becomes a WebSocket: its headers belong to the handshake. */
const SWITCHING_PROTOCOLS = 101;
/** `retryAfterMs` if Sluice could not be asked and gave none. */
const UNAVAILABLE_RETRY_MS = 1_000;
/**
 * Checks the options once, before any request.
 *
 * @throws {RangeError} If the bucket or a number is out of range; the message names it.
 * @throws {TypeError} If an option has the wrong type, or `shadow` is used without `onOutcome`.
 */
export function checkRateLimitOptions(options) {
    const { bucket, tokens, limits, waitMs, shadow = false, onOutcome } = options;
    if (typeof bucket !== "function")
        checkBucket(bucket);
    checkTokensToTake(tokens, limits);
    if (typeof waitMs !== "function")
        checkInteger({ waitMs }, "waitMs", queueFields.maxWaitMs);
    for (const name of ["skip", "onRefused", "onOutcome", "onError"])
        checkFunction({ ...options }, name);
    if (shadow !== false && !onOutcome) {
        throw new TypeError("shadow requires onOutcome to report to");
    }
}
/**
 * Takes the tokens for a request, waiting for them if necessary. A caller that disconnects
 * meanwhile leaves the queue.
 *
 * @throws Whatever a callback throws as its answer: anything with a `getResponse` method, such as
 * Hono's `HTTPException`.
 */
export async function limitRequest(limited, options) {
    const { context, signal, waitUntil } = limited;
    try {
        if (await options.skip?.(context))
            return { kind: "pass" };
        if (await valueOf(options.shadow ?? false, context)) {
            await acquireInShadow(limited, options);
            return { kind: "pass" };
        }
        const asked = await askedBy(context, options);
        const askedAtMs = performance.now();
        const outcome = await acquireOrRefuse(limited, {
            ...asked,
            waitUntil,
            ...(signal && { signal }),
        });
        const permit = outcome.ok ? permitOf(limited, outcome, askedAtMs) : undefined;
        try {
            await reportOutcome(limited, options, outcome);
        }
        catch (error) {
            if (permit)
                waitUntil(permit.release());
            throw error;
        }
        if (outcome.ok)
            return { kind: "pass", granted: outcome, permit };
        return { kind: "answer", response: await refuse(limited, options, outcome) };
    }
    catch (error) {
        return { kind: "answer", response: answerTo(error, limited) };
    }
}
/** The answer to a request without an outcome. */
function answerTo(error, { signal, report }) {
    if (signal?.aborted)
        return clientClosedResponse();
    if (error instanceof InvalidAskError)
        return invalidRequestResponse(error.errors);
    throwAnswer(error);
    report(error);
    return faultResponse();
}
/** @throws The error itself, if it carries an answer. */
function throwAnswer(error) {
    if (hasMethod(error, "getResponse"))
        throw error;
}
/** Turns errors of the client into an outcome, except those that are the request's own fault. */
async function acquireOrRefuse(limited, asked) {
    try {
        return await acquire(limited, asked);
    }
    catch (error) {
        if (limited.signal?.aborted)
            throw error;
        const isInvalid = error instanceof SluiceError && error.reason === "invalid-request";
        if (isInvalid && !isUnknownLimit(error))
            throw new InvalidAskError(error.errors ?? []);
        limited.report(error);
        const { bucket, tokens } = asked;
        const detail = "Sluice is unavailable";
        const refusal = { bucket, tokens, detail, retryAfterMs: UNAVAILABLE_RETRY_MS };
        return { ok: false, reason: "unavailable", ...refusal };
    }
}
function permitOf({ context, client, report }, granted, askedAtMs) {
    if (!granted.permit)
        return undefined;
    return RequestPermit.of(granted, { client: client(context), askedAtMs, report });
}
async function reportOutcome({ context, report }, { onOutcome }, outcome) {
    try {
        await onOutcome?.(context, outcome);
    }
    catch (error) {
        throwAnswer(error);
        report(error);
    }
}
async function refuse({ context, report }, { onRefused = (_, refusal) => refusalResponse(refusal) }, refusal) {
    try {
        return await onRefused(context, refusal);
    }
    catch (error) {
        throwAnswer(error);
        report(error);
        return refusalResponse(refusal);
    }
}
/**
 * Adds the `RateLimit` fields to a handler's answer, after those of other limits, because both
 * fields are lists. The result is a copy: the handler's response may come from `fetch`, with
 * immutable headers, or be reused. An answer that becomes a WebSocket is returned unchanged.
 */
export function withRateLimitFields(response, { rateLimit }) {
    if (!rateLimit || response.status === SWITCHING_PROTOCOLS)
        return response;
    const answer = new Response(response.body, response);
    for (const [name, value] of Object.entries(rateLimitFields(rateLimit))) {
        answer.headers.append(name, value);
    }
    return answer;
}
/**
 * Acquires in parallel with the handler. The arguments are computed first, before the handler can
 * consume the request.
 */
async function acquireInShadow(limited, options) {
    const { context, report } = limited;
    try {
        const asked = await askedBy(context, options);
        const timeoutMs = Math.min(asked.timeoutMs, MAX_SHADOW_WAIT_MS);
        const askedAtMs = performance.now();
        const reported = acquire(limited, { ...asked, timeoutMs })
            .then(async (outcome) => {
            // It can't be kept until the response is done, which may be long before.
            if (outcome.ok)
                await permitOf(limited, outcome, askedAtMs)?.release();
            return options.onOutcome?.(context, outcome);
        })
            .catch(report);
        limited.waitUntil(reported);
    }
    catch (error) {
        report(error);
    }
}
/** The request asks for something that no bucket could grant. */
class InvalidAskError extends Error {
    name = "InvalidAskError";
    errors;
    constructor(errors) {
        super(errors.map(({ message }) => message).join("; "));
        this.errors = errors;
    }
}
async function askedBy(context, { bucket, tokens = 1, limits, waitMs = 0 }) {
    const named = limits && (await valueOf(limits, context));
    const asked = {
        bucket: await valueOf(bucket, context),
        tokens: (await valueOf(tokens, context)) ?? 1,
        timeoutMs: (await valueOf(waitMs, context)) ?? 0,
        ...(named && { limits: named }),
    };
    if (typeof asked.bucket !== "string") {
        throw new TypeError(`bucket must be a string: got ${showValue(asked.bucket)}`);
    }
    const faults = [
        ...askedTokensFaults(asked, tokenBucketFields.capacity.max),
        ...faultOf("waitMs", asked.timeoutMs, queueFields.maxWaitMs),
    ];
    if (faults.length > 0)
        throw new InvalidAskError(faults);
    return { ...asked, bucket: legalBucketName(asked.bucket) };
}
function faultOf(field, value, limits) {
    return isIntegerWithin(value, limits) ? [] : [integerFault(field, value, limits)];
}
async function acquire({ context, client }, { bucket, ...asked }) {
    return client(context).acquire(bucket, asked);
}
async function valueOf(value, context) {
    return typeof value === "function" ? value(context) : value;
}
