/** Time, as it is passed to the object's parts. They own no clock, so that a simulator can provide one. */
/** A wall clock and its timers. */
export interface Clock {
    /** Epoch milliseconds. May stand still, and may jump either way. */
    now(): number;
    /** Called once, at the start, with the latest time that an earlier instance is known to have seen. */
    notBefore?(atMs: number): void;
    /** Calls back once after `delayMs`, unless the returned function is called first. */
    setTimer(callback: () => void, delayMs: number): () => void;
}
