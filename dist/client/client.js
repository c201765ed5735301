import { queueFields } from "../core/policy.js";
import { fieldsOfReason } from "../protocol/reasons.js";
import { membersOf } from "../core/is-record.js";
import { outcomeIn, unavailableOutcome } from "./acquire-outcome.js";
import { unexpectedAnswer } from "./transport/answer.js";
import { acquireOptions, checkAcquireOptions, checkBucket, checkCallOptions, checkIdempotencyKey, tryAcquireOptions, } from "./arguments.js";
import { AcquireRequest } from "./transport/acquire-request.js";
import { Connection } from "./transport/connection.js";
import { faultReporter } from "./fault-report.js";
import { followStream } from "./transport/follow-stream.js";
import { cancelCall, giveUp } from "./transport/give-up.js";
import { abandonGrant, returnGrant } from "./holds/abandon-grant.js";
import { HoldClient } from "./holds/hold-client.js";
import { SessionPool } from "./session/session-pool.js";
import { keepGoing } from "./keep-going.js";
import { newKey } from "./new-key.js";
import { ANSWER_MS, RetriedCalls } from "./transport/retried-calls.js";
import { retry, SluiceUnreachableError } from "./transport/retry.js";
import { TransportError, unavailableError } from "./transport/transport-error.js";
import { SluiceError } from "./sluice-error.js";
import { explainUnknownLimit, isUnknownLimit } from "./unknown-limit.js";
/** Longer than a restart or a deployment takes. */
const DEFAULT_RETRY_MS = 10_000;
/**
 * Time beyond the wait itself that the answer to an acquire may take if it is retried after its time
 * is over: if it still has its place, it is answered at once.
 */
const LATE_ANSWER_MS = 2_000;
/**
 * A wait that may be longer is streamed. While a held response sends nothing, no intermediary can
 * tell whether both ends are still connected: proxies time out, and a caller that disconnects goes
 * unnoticed. Requests that don't have to wait get a plain response either way.
 */
const MAX_SILENT_WAIT_MS = 1_000;
/**
 * The same from Worker to Worker, where the runtime sees both ends: needed only for a `service`
 * that isn't a real binding.
 */
const MAX_BOUND_SILENCE_MS = 60_000;
/**
 * Creates a client. It holds no connections and no timers other than those of calls in progress, and of sessions: see
 * `transport`.
 *
 * @throws {RangeError | TypeError} If an option is wrong.
 *
 * @example
 * const sluice = createClient({ url: "https://sluice.example.com", token, onUnavailable: "open" });
 * const outcome = await sluice.acquire("exports", { timeoutMs: 5_000 });
 * if (outcome.ok) await run();
 * else console.log(outcome.reason, outcome.retryAfterMs);
 *
 * @example
 * const sluice = createClient({ service: env.SLUICE }); // in a Worker with a binding to Sluice
 */
export function createClient(options) {
    return new ConnectedClient(options);
}
class ConnectedClient extends HoldClient {
    #connection;
    #calls;
    #onUnavailable;
    #report;
    #retryForMs;
    #sessions;
    constructor(options) {
        const connection = new Connection(options);
        const { onUnavailable = "throw", onError, retryForMs = DEFAULT_RETRY_MS } = options;
        const calls = new RetriedCalls(connection, retryForMs);
        const sessions = SessionPool.of(connection, options.transport ?? "auto", retryForMs);
        super(calls, sessions);
        this.#sessions = sessions;
        this.#connection = connection;
        this.#calls = calls;
        this.#onUnavailable = onUnavailable;
        this.#report = faultReporter(onError);
        this.#retryForMs = retryForMs;
    }
    async acquire(bucket, options = {}) {
        checkBucket(bucket);
        checkAcquireOptions(options, acquireOptions);
        return this.#acquire(bucket, options);
    }
    async tryAcquire(bucket, options = {}) {
        checkBucket(bucket);
        checkAcquireOptions(options, tryAcquireOptions);
        return this.#acquire(bucket, { ...options, timeoutMs: 0 });
    }
    async cancel(bucket, idempotencyKey, options = {}) {
        checkBucket(bucket);
        checkIdempotencyKey(idempotencyKey);
        checkCallOptions(options);
        const call = cancelCall(bucket, idempotencyKey);
        const { status, body } = await this.#calls.send(call, options);
        const { cancelled } = membersOf(body);
        if (typeof cancelled !== "boolean")
            throw unexpectedAnswer(status, body);
        return cancelled;
    }
    close() {
        this.#sessions?.close();
    }
    async [Symbol.asyncDispose]() {
        this.close();
    }
    async #acquire(bucket, options) {
        const { tokens = 1, timeoutMs, signal, onQueued } = options;
        const startedAtMs = performance.now();
        const idempotencyKey = options.idempotencyKey ?? (this.#retryForMs > 0 ? newKey() : undefined);
        const ask = idempotencyKey === undefined ? options : { ...options, idempotencyKey };
        const request = new AcquireRequest(bucket, ask, onQueued !== undefined);
        const onPlace = (place) => {
            const shown = request.placed(place);
            return onQueued?.(shown);
        };
        let mayWait = false;
        const attemptOnce = async (attempt) => {
            mayWait = timeoutMs !== 0;
            const answer = (await this.#sessions?.acquire(request, attempt, onPlace)) ??
                (await this.#overHttp(request, options, attempt, onPlace));
            mayWait = false;
            if (request.dropsTicket(answer))
                return attemptOnce(attempt);
            const outcome = outcomeIn(answer, bucket, tokens);
            if (outcome.ok && outcome.permit)
                this.#sessions?.permitted(bucket);
            return outcome;
        };
        this.#sessions?.begin(bucket);
        try {
            return await retry(attemptOnce, this.#retryPolicy(timeoutMs, signal));
        }
        catch (error) {
            if (isGivenUp(error, options))
                this.#giveUp(request, options, mayWait);
            return this.#failed(error, { bucket, tokens, startedAtMs });
        }
        finally {
            this.#sessions?.end(bucket);
        }
    }
    async #overHttp(request, options, attempt, onPlace) {
        const call = request.call(this.#isStreamed(options));
        const response = await this.#connection.send(call, attempt.signal);
        return isEventStream(response)
            ? followStream(response, onPlace, attempt)
            : this.#connection.read(response);
    }
    /** Leaves the queue, in the background. */
    #giveUp(request, options, mayWait) {
        const { waitUntil } = options;
        const { cancelled } = request;
        // With a key of its own, the caller may still come for its grant.
        const isOwnKey = options.idempotencyKey !== undefined;
        const cancel = () => {
            const call = mayWait && request.cancelCall();
            if (!call)
                return undefined;
            return isOwnKey
                ? giveUp(this.#connection, call)
                : abandonGrant(this.#connection, call, request.call(false), request.bucket);
        };
        if (!cancelled) {
            const cancelling = cancel();
            if (cancelling)
                keepGoing(cancelling, waitUntil);
            return;
        }
        const leave = async () => {
            const outcome = await cancelled;
            if (outcome.kind === "unknown")
                await cancel();
            if (outcome.kind === "granted" && !isOwnKey) {
                await returnGrant(this.#connection, request.bucket, outcome.grant);
            }
        };
        keepGoing(leave(), waitUntil);
    }
    /**
     * Whether to ask for a stream, in which the service sends heartbeats while it holds the request.
     */
    #isStreamed({ timeoutMs = Infinity, onQueued }) {
        if (onQueued)
            return true;
        if (!this.#connection.isBound)
            return timeoutMs > MAX_SILENT_WAIT_MS;
        return timeoutMs < Infinity && timeoutMs > MAX_BOUND_SILENCE_MS;
    }
    #retryPolicy(timeoutMs, signal) {
        const longestMs = timeoutMs ?? queueFields.maxWaitMs.max;
        return {
            signal,
            retryForMs: this.#retryForMs,
            untilMs: longestMs,
            attemptMs: (failures, elapsedMs) => {
                if (failures === 0)
                    return longestMs + ANSWER_MS;
                return Math.max(0, longestMs - elapsedMs) + LATE_ANSWER_MS;
            },
        };
    }
    /** The outcome of an acquire that got no answer with an outcome, or the error to throw. */
    #failed(error, asked) {
        if (error instanceof SluiceUnreachableError)
            return this.#unavailable(error.fault, asked);
        const fault = explainUnknownLimit(error, asked.bucket);
        if (!isMisconfigured(fault) || this.#onUnavailable === "throw")
            throw fault;
        this.#report(fault);
        return this.#unavailable(misconfigured(), asked);
    }
    #unavailable(fault, { bucket, tokens, startedAtMs }) {
        switch (this.#onUnavailable) {
            case "throw":
                throw unavailableError(fault);
            case "open": {
                const grantedAtMs = Date.now();
                const waitedMs = Math.round(performance.now() - startedAtMs);
                const grant = { bucket, tokens, remaining: 0, waitedMs, grantedAtMs };
                return { ok: true, ...grant, isUnmetered: true };
            }
            case "closed":
                return unavailableOutcome(fault, bucket, tokens);
            default:
                return this.#onUnavailable;
        }
    }
}
/**
 * Whether an acquire that ends with this error is given up for good: its caller has left, or
 * `onQueued` has failed, or nothing was heard for so long that its time is over. In that last case
 * the caller may retry with a key it chose itself, and would be refused if this cancelled it.
 */
function isGivenUp(error, { idempotencyKey }) {
    if (!(error instanceof SluiceUnreachableError))
        return true;
    return error.fault.isSilence && idempotencyKey === undefined;
}
/** Says nothing about the fault itself: refusals are shown to end users. */
function misconfigured() {
    const detail = "Sluice cannot be used as configured";
    return new TransportError({ detail });
}
/** Whether only the operator can fix the fault. */
function isMisconfigured(error) {
    if (!(error instanceof SluiceError))
        return false;
    const { reason } = error;
    if (reason === "unexpected-answer" || isUnknownLimit(error))
        return true;
    return fieldsOfReason(reason).isMisconfigured === true;
}
function isEventStream({ headers }) {
    return /^text\/event-stream *(;|$)/i.test(headers.get("Content-Type") ?? "");
}
