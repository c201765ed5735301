/** One timer, which may be set again and cleared at any time. */
export class Timer {
    #clear = () => undefined;
    /** Calls `then` once after `durationMs`, or at once if that is negative, in place of what was set before. */
    set(durationMs, then) {
        this.clear();
        const timer = setTimeout(then, Math.max(0, durationMs));
        this.#clear = () => clearTimeout(timer);
    }
    clear() {
        this.#clear();
    }
}
