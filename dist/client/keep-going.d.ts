/** What goes on after an acquire was given up: its cancel call, in the background. */
/** Keeps the platform running until `cancelled` settles, if it can be asked to. Never throws. */
export declare function keepGoing(cancelled: Promise<unknown>, waitUntil: ((promise: Promise<unknown>) => void) | undefined): void;
