/**
 * Resolves when `promise` settles, either way, and at the latest after `maxMs`. Rejects with the
 * signal's reason if `signal` aborts first.
 */
export declare function settledWithin(promise: Promise<unknown>, maxMs: number, signal?: AbortSignal): Promise<void>;
