/** One timer, which may be set again and cleared at any time. */
export declare class Timer {
    #private;
    /** Calls `then` once after `durationMs`, or at once if that is negative, in place of what was set before. */
    set(durationMs: number, then: () => void): void;
    clear(): void;
}
