/**
 * Settles as `promise` does, or rejects with the signal's reason as soon as it aborts. The
 * operation behind `promise` is not stopped; its result is ignored.
 */
export declare function orAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value>;
/** Resolves after `durationMs`. Rejects with the signal's reason as soon as it aborts. */
export declare function sleep(durationMs: number, signal: AbortSignal | undefined): Promise<void>;
