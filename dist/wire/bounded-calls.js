/**
 * Calls of one isolate that each reach many objects: only so many of them at a time. If Sluice is public, anyone can
 * make them.
 */
/** Runs calls, a limited number at a time. */
export class BoundedCalls {
    #max;
    #timeoutMs;
    /** Those that are in progress, with their start in epoch milliseconds. */
    #underWay = new Set();
    /** @param timeoutMs A call whose caller has left may never end, so it stops counting after its time. */
    constructor(max, timeoutMs) {
        this.#max = max;
        this.#timeoutMs = timeoutMs;
    }
    /** Settles as `call` does. `undefined`: it was not made, because too many others are in progress. */
    async run(call) {
        const nowMs = Date.now();
        for (const other of this.#underWay) {
            const sinceMs = nowMs - other.startedAtMs;
            if (sinceMs < 0 || sinceMs > this.#timeoutMs)
                this.#underWay.delete(other);
        }
        if (this.#underWay.size >= this.#max)
            return undefined;
        const counted = { startedAtMs: nowMs };
        this.#underWay.add(counted);
        try {
            return await call();
        }
        finally {
            this.#underWay.delete(counted);
        }
    }
}
