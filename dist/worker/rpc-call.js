import { rateLimitOf } from "../answers/acquire-result.js";
import { outcomeIn, unavailableOutcome } from "../client/acquire-outcome.js";
import { keepGoing } from "../client/keep-going.js";
import { errorOf, problemIn, readAnswer, unexpectedAnswer } from "../client/transport/answer.js";
import { TransportError, unavailableError } from "../client/transport/transport-error.js";
import { queueFields } from "../core/policy.js";
import { onAbort } from "../on-abort.js";
import { isSamePlace, queuedBody } from "../wire/held-place.js";
import { boundDeploymentOf } from "./app.js";
import { bucketFor } from "./calls/bucket-for.js";
import { errorResponse, illegalConfigurationResponse } from "./failure-response.js";
/** Time beyond the wait itself that an answer may take, including for Sluice to find its bucket again. */
const ANSWER_MS = 10_000;
/** How long to keep trying to cancel: the caller has left, and nothing waits for it. */
const GIVE_UP_MS = 2_000;
/**
 * Makes a call, with the caller's rights on the bucket.
 *
 * @throws {SluiceError} If `run` is not allowed or ends with a refusal, and if the bucket can't be reached.
 */
export async function callBucket(env, call, run) {
    return callService(env, call, async (deployment, scopes, leaving) => {
        const bucket = bucketFor(deployment, scopes, call.right, call.bucket, leaving);
        return bucket instanceof Response ? bucket : await run(bucket, scopes);
    });
}
/**
 * Makes a call that is not about one bucket, with the caller's rights.
 *
 * @throws {SluiceError} If `run` is not allowed or ends with a refusal.
 */
export async function callService(env, call, run) {
    try {
        return await bounded(ANSWER_MS, call.signal, async (leaving) => {
            const { deployment, scopes } = await authorized(env, call);
            const result = await run(deployment, scopes, leaving).catch((error) => {
                return errorResponse(error, leaving);
            });
            if (result instanceof Response)
                throw await errorIn(result);
            return withoutDisposer(result);
        });
    }
    catch (error) {
        throw error instanceof TransportError ? unavailableError(error) : error;
    }
}
/**
 * What an object returns by RPC comes with a disposer. Returned as it is, the runtime would expect the caller
 * to call it, and say so in its log.
 */
function withoutDisposer(result) {
    // The disposer is not enumerable.
    return typeof result === "object" && result !== null ? { ...result } : result;
}
/**
 * Makes an acquire.
 *
 * @throws {SluiceError} If it is not allowed or wrong. If the bucket can't be reached, the outcome says so.
 */
export async function acquireTokens(env, name, options) {
    const { tokens = 1, limits, timeoutMs, holdMs, idempotencyKey, label = "" } = options;
    const { signal, onQueued, waitUntil } = options;
    const ask = {
        tokens,
        ...(limits && { limits }),
        ...(timeoutMs !== undefined && { timeoutMs }),
        ...(holdMs !== undefined && { holdMs }),
        ...(idempotencyKey !== undefined && { idempotencyKey }),
        ...(label !== "" && { label }),
    };
    const call = { right: "acquire", bucket: name };
    const limitMs = (timeoutMs ?? queueFields.maxWaitMs.max) + ANSWER_MS;
    let mayWait = false;
    try {
        return await bounded(limitMs, signal, async (leaving) => {
            const bucket = await enter(env, call, leaving);
            const leased = bucket.acquireFromLease(ask);
            if (leased)
                return outcomeOf(leased);
            mayWait = timeoutMs !== 0;
            const response = await bucket.acquireAtObject(ask, onQueued && follow(onQueued, leaving));
            mayWait = false;
            return outcomeIn(await readAnswer(response), name, tokens);
        });
    }
    catch (error) {
        if (error instanceof TransportError)
            return unavailableOutcome(error, name, tokens);
        if (mayWait && idempotencyKey !== undefined) {
            keepGoing(cancelInBackground(env, name, idempotencyKey), waitUntil);
        }
        throw error;
    }
}
function outcomeOf({ bucket, grant }) {
    const rateLimit = rateLimitOf(bucket, grant.remaining);
    return { bucket: bucket.name, ...grant, rateLimit };
}
/** A caller that can't follow its place has given up. */
function follow(onQueued, leaving) {
    let last;
    const moved = async (place) => {
        if (isSamePlace(last, place))
            return;
        last = place;
        try {
            // An acquire by RPC takes no ticket: while its caller is there, its place is kept.
            const { ticket: _, ...queued } = queuedBody(place);
            // By RPC, a function returns a promise whatever its type says.
            await onQueued(queued);
        }
        catch (error) {
            leaving.abort(error);
        }
    };
    return { signal: leaving.signal, moved: (place) => void moved(place) };
}
/** The bucket of a call; the bucket's calls end when `caller` leaves. */
async function enter(env, call, caller) {
    const { deployment, scopes } = await authorized(env, call);
    const bucket = bucketFor(deployment, scopes, call.right, call.bucket, caller);
    if (bucket instanceof Response)
        throw await errorIn(bucket);
    return bucket;
}
/** What a caller may do, and where. */
async function authorized(env, { right, token }) {
    const deployment = deploymentOf(env);
    if (deployment instanceof Response)
        throw await errorIn(deployment);
    const authorization = token === undefined ? null : `Bearer ${token}`;
    const scopes = await deployment.guards[right]({ headers: { get: () => authorization } });
    if (scopes instanceof Response)
        throw await errorIn(scopes);
    return { deployment, scopes };
}
function deploymentOf(env) {
    try {
        return boundDeploymentOf(env);
    }
    catch (error) {
        return illegalConfigurationResponse(error);
    }
}
/**
 * The error that a refusal states.
 *
 * @throws {TransportError} If it says that a retry may help.
 */
async function errorIn(refusal) {
    const answer = await readAnswer(refusal);
    const problem = problemIn(answer);
    return problem ? errorOf(problem) : unexpectedAnswer(answer.status, answer.body);
}
/** Removes an acquire that was given up, if it still waits. Never rejects. */
async function cancelInBackground(env, name, key) {
    try {
        await bounded(GIVE_UP_MS, undefined, async (leaving) => {
            const bucket = await enter(env, { right: "acquire", bucket: name }, leaving);
            return bucket.cancel(key);
        });
    }
    catch {
        // The bucket frees the place at the latest when the acquire's own time is over.
    }
}
/**
 * Settles as `call` does. Earlier, if its controller aborts: because `signal` does, or after `limitMs`; then it
 * rejects with the reason.
 */
async function bounded(limitMs, signal, call) {
    signal?.throwIfAborted();
    const leaving = new AbortController();
    const timer = setTimeout(() => {
        const detail = `No answer within ${limitMs} ms`;
        leaving.abort(new TransportError({ detail, isSilence: true }));
    }, limitMs);
    const stopListening = signal && onAbort(signal, () => leaving.abort(signal.reason));
    try {
        return await new Promise((resolve, reject) => {
            const left = leaving.signal;
            left.addEventListener("abort", () => reject(left.reason), { once: true });
            call(leaving).then(resolve, reject);
        });
    }
    finally {
        clearTimeout(timer);
        stopListening?.();
    }
}
