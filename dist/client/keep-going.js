/** What goes on after an acquire was given up: its cancel call, in the background. */
/** Keeps the platform running until `cancelled` settles, if it can be asked to. Never throws. */
export function keepGoing(cancelled, waitUntil) {
    try {
        waitUntil?.(cancelled);
    }
    catch {
        // The cancel call still runs for as long as the runtime allows; the acquire must end as it would.
    }
}
