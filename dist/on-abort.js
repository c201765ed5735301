/**
 * Listening to an `AbortSignal`, with any number of listeners.
 *
 * Node 20 warns of a leak if a signal has more than ten listeners, but one signal shared by
 * everything a job does is not a leak. So each signal gets a single listener from this module,
 * which calls all current listeners.
 */
const listeningTo = new WeakMap();
/**
 * Calls `listener` once when `signal` aborts; never if it has already aborted. The listener must
 * not throw.
 *
 * @returns A function that stops listening; calling it again does nothing.
 *
 * @example
 * const stopListening = onAbort(signal, () => reader.cancel());
 */
export function onAbort(signal, listener) {
    const { listeners, dispatch } = listeningTo.get(signal) ?? listenTo(signal);
    // A separate function, so that the same listener can be added twice.
    const entry = () => listener();
    listeners.add(entry);
    return () => {
        if (!listeners.delete(entry) || listeners.size > 0)
            return;
        // That was the last listener: leave nothing on a signal that may live as long as the process.
        listeningTo.delete(signal);
        signal.removeEventListener("abort", dispatch);
    };
}
function listenTo(signal) {
    const listeners = new Set();
    const dispatch = () => {
        // In the order they were added, except those removed meanwhile.
        for (const listener of listeners) {
            listeners.delete(listener);
            listener();
        }
    };
    const listening = { listeners, dispatch };
    listeningTo.set(signal, listening);
    signal.addEventListener("abort", dispatch, { once: true });
    return listening;
}
