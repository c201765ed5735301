import { TransportError } from "./transport-error.ts";
/** Every attempt failed; `fault` is the last failure. */
export declare class SluiceUnreachableError extends Error {
    readonly name = "SluiceUnreachableError";
    readonly fault: TransportError;
    constructor(fault: TransportError);
}
/** What one attempt is given. */
export interface Attempt {
    /** Aborts when the caller leaves or the attempt takes too long. */
    readonly signal: AbortSignal;
    /** Call it on every sign of life from the other side: it resets the count of failures. */
    readonly showLife: () => void;
}
/** How long to keep retrying. */
export interface RetryPolicy {
    /** The caller's signal. */
    readonly signal: AbortSignal | undefined;
    /** Budget of pauses and failed attempts; 0 allows one attempt. */
    readonly retryForMs: number;
    /**
     * No attempt starts later than this after the first one, except an immediate first retry: a stale
     * connection is no reason to give up without a real attempt.
     */
    readonly untilMs: number;
    /** How long an attempt that starts `elapsedMs` after the first may take. */
    readonly attemptMs: (failures: number, elapsedMs: number) => number;
}
/**
 * Repeats `attempt` until it ends in anything other than a `TransportError`, and settles as it
 * does.
 *
 * @throws {SluiceUnreachableError} If the retry policy allows no further attempt.
 * @throws The reason of the caller's signal, as soon as it aborts.
 */
export declare function retry<Value>(attempt: (attempt: Attempt) => Promise<Value>, { signal, retryForMs, untilMs, attemptMs }: RetryPolicy): Promise<Value>;
