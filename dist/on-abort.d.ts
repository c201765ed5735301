/**
 * Listening to an `AbortSignal`, with any number of listeners.
 *
 * Node 20 warns of a leak if a signal has more than ten listeners, but one signal shared by
 * everything a job does is not a leak. So each signal gets a single listener from this module,
 * which calls all current listeners.
 */
type Listener = () => void;
/**
 * Calls `listener` once when `signal` aborts; never if it has already aborted. The listener must
 * not throw.
 *
 * @returns A function that stops listening; calling it again does nothing.
 *
 * @example
 * const stopListening = onAbort(signal, () => reader.cancel());
 */
export declare function onAbort(signal: AbortSignal, listener: Listener): () => void;
export {};
