/**
 * Retries a call when the connection, or an intermediary, fails.
 *
 * Pauses grow exponentially and are random, so that callers that lost their connections together
 * don't come back together. The retry budget counts only wasted time: the pauses, and the first
 * seconds of each failed attempt. An attempt that was held for an hour before its connection broke
 * was connected for most of that hour. Time is measured on a monotonic clock.
 */
import { backoffMs } from "../../core/backoff.js";
import { onAbort } from "../../on-abort.js";
import { orAborted, sleep } from "./abort.js";
import { TransportError } from "./transport-error.js";
import { Watchdog } from "./watchdog.js";
const BACKOFF = { firstMs: 100, maxMs: 5_000 };
/** The most that a failed attempt counts: opening a new connection takes less. */
const COUNTED_ATTEMPT_MS = 2_000;
/** Every attempt failed; `fault` is the last failure. */
export class SluiceUnreachableError extends Error {
    name = "SluiceUnreachableError";
    fault;
    constructor(fault) {
        super(fault.message, { cause: fault.cause });
        this.fault = fault;
    }
}
/**
 * Repeats `attempt` until it ends in anything other than a `TransportError`, and settles as it
 * does.
 *
 * @throws {SluiceUnreachableError} If the retry policy allows no further attempt.
 * @throws The reason of the caller's signal, as soon as it aborts.
 */
export async function retry(attempt, { signal, retryForMs, untilMs, attemptMs }) {
    const startedAtMs = performance.now();
    let failures = 0;
    let failuresInARow = 0;
    let wastedMs = 0;
    const showLife = () => {
        failuresInARow = 0;
        wastedMs = 0;
    };
    for (;;) {
        const begunAtMs = performance.now();
        const timeoutMs = attemptMs(failures, begunAtMs - startedAtMs);
        try {
            return await attemptOnce((inner) => attempt({ signal: inner, showLife }), timeoutMs, signal);
        }
        catch (error) {
            if (!(error instanceof TransportError))
                throw error;
            failures += 1;
            failuresInARow += 1;
            const pauseMs = Math.max(backoffMs(BACKOFF, failuresInARow, Math.random()), error.retryAfterMs ?? 0);
            const nowMs = performance.now();
            wastedMs += error.wastedMs ?? Math.min(nowMs - begunAtMs, COUNTED_ATTEMPT_MS);
            wastedMs += pauseMs;
            const isAtOnce = failures === 1 && pauseMs <= BACKOFF.firstMs;
            const isInTime = nowMs + pauseMs - startedAtMs <= untilMs || isAtOnce;
            if (!isInTime || wastedMs > retryForMs)
                throw new SluiceUnreachableError(error);
            await sleep(pauseMs, signal);
        }
    }
}
/** Runs one attempt, abandoned as soon as `signal` aborts or `timeoutMs` is over. */
async function attemptOnce(attempt, timeoutMs, signal) {
    signal?.throwIfAborted();
    const controller = new AbortController();
    const leave = () => controller.abort(signal?.reason);
    const watchdog = new Watchdog(timeoutMs, () => {
        const detail = `No answer within ${timeoutMs} ms`;
        controller.abort(new TransportError({ detail, isSilence: true }));
    });
    const stopListening = signal && onAbort(signal, leave);
    try {
        return await orAborted(attempt(controller.signal), controller.signal);
    }
    finally {
        watchdog.stop();
        stopListening?.();
    }
}
