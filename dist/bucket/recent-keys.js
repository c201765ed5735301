/**
 * Values remembered by key, in memory and for a while, bounded in time and in number; beyond that the oldest
 * entries are dropped. Every operation takes the same few steps at any size: entries are in the order in
 * which they were noted, so expired ones are at the front.
 */
/** Values by key. */
export class RecentKeys {
    #keptMs;
    #maxKept;
    /** Oldest first. */
    #kept = new Map();
    /**
     * @param keptMs How long an entry lasts, in milliseconds, inclusive.
     * @param maxKept Maximum number of entries.
     */
    constructor(keptMs, maxKept) {
        this.#keptMs = keptMs;
        this.#maxKept = maxKept;
    }
    /** Remembers `value` for `key` from now on, replacing an earlier value. */
    note(key, value, nowMs) {
        // An earlier entry with the same key is replaced by this one, at the end.
        this.#kept.delete(key);
        this.#kept.set(key, { value, notedAtMs: nowMs });
        for (const [oldest, { notedAtMs }] of this.#kept) {
            if (this.#kept.size <= this.#maxKept && !this.#isOver(notedAtMs, nowMs))
                break;
            this.#kept.delete(oldest);
        }
    }
    /** The value for `key`; `undefined` if there is none or it has expired. */
    find(key, nowMs) {
        const entry = this.#kept.get(key);
        return entry && !this.#isOver(entry.notedAtMs, nowMs) ? entry.value : undefined;
    }
    forget(key) {
        this.#kept.delete(key);
    }
    forgetAll() {
        this.#kept.clear();
    }
    #isOver(notedAtMs, nowMs) {
        // After the clock has been set back, an entry must not live for as long as the clock was wrong.
        return Math.abs(nowMs - notedAtMs) > this.#keptMs;
    }
}
