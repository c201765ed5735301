/**
 * Listening to an `AbortSignal`, however many wait under it.
 *
 * Node 20 warns of a leak where a signal has more than ten listeners, and one signal for all that a job does
 * is no leak. So a signal gets one listener of ours, which calls those who listen now.
 */

type Listener = () => void;

/** Those who listen to one signal. */
interface Listening {
  readonly listeners: Set<Listener>;
  /** The one listener that the signal has. */
  readonly dispatch: Listener;
}

const listeningTo = new WeakMap<AbortSignal, Listening>();

/**
 * Calls `listener` when `signal` aborts, once; never if it has aborted already. The listener must not throw.
 *
 * @returns What ends that; calling it again does nothing.
 *
 * @example
 * const stopListening = onAbort(signal, () => reader.cancel());
 */
export function onAbort(signal: AbortSignal, listener: Listener): () => void {
  const { listeners, dispatch } = listeningTo.get(signal) ?? listenTo(signal);
  // A function of its own, so that the same one may be given twice.
  const own = (): void => listener();
  listeners.add(own);
  return () => {
    if (!listeners.delete(own) || listeners.size > 0) return;
    // The last one: nothing of ours stays on a signal that lives as long as its process.
    listeningTo.delete(signal);
    signal.removeEventListener("abort", dispatch);
  };
}

function listenTo(signal: AbortSignal): Listening {
  const listeners = new Set<Listener>();
  const dispatch = (): void => {
    // In the order in which they came, but for those who have stopped meanwhile.
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
