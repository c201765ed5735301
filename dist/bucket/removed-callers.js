/**
 * Callers that an operator has removed from the queue. They can't come back: until the deadline of its acquire, a
 * request with a removed key, or with a ticket of a removed place, is refused.
 *
 * That must outlive the object, since after a crash all callers come back, so it is on the disk: one row, written with
 * each removal. Removals are rare and made one by one; keys come with every acquire. So the row is read once, the
 * first time that it matters, and a lookup takes one step. A caller without a key and without a ticket has nothing to
 * come back with, and there is nothing to note.
 */
/** Callers that are remembered, at most half a megabyte; beyond that, those whose deadlines come first are forgotten. */
const MAX_REMOVED = 1_000;
/** The removed callers of one bucket. */
export class RemovedCallers {
    #store;
    /** Read from the disk on first use: most buckets never have any. */
    #callers = undefined;
    /** Until when they can't come back, epoch milliseconds, by key and by place. */
    #byKey = new Map();
    #byPlace = new Map();
    constructor(store) {
        this.#store = store;
    }
    /** Whether a request with this key, or for this place, belongs to a caller that was removed. */
    has(key, placeId, nowMs) {
        this.#read();
        const keyUntilMs = key === undefined ? undefined : this.#byKey.get(key);
        const placeUntilMs = placeId === undefined ? undefined : this.#byPlace.get(placeId);
        return nowMs <= Math.max(keyUntilMs ?? -Infinity, placeUntilMs ?? -Infinity);
    }
    /** A caller has been removed. Throws if that can't be written; nothing is noted then. */
    note(removed, nowMs) {
        if (removed.key === undefined && removed.placeId === undefined)
            return;
        const kept = [...this.#read(), removed].filter(({ untilMs }) => nowMs <= untilMs);
        const latest = kept.toSorted((one, other) => one.untilMs - other.untilMs).slice(-MAX_REMOVED);
        this.#store.write(latest);
        this.#keep(latest);
    }
    /** All storage has been deleted. */
    forgetAll() {
        this.#callers = undefined;
    }
    #read() {
        return this.#callers ?? this.#keep(this.#store.read() ?? []);
    }
    #keep(callers) {
        this.#callers = callers;
        this.#byKey = new Map();
        this.#byPlace = new Map();
        // In the order of deadlines, so the latest one of a key or place counts.
        for (const { key, placeId, untilMs } of callers) {
            if (key !== undefined)
                this.#byKey.set(key, untilMs);
            if (placeId !== undefined)
                this.#byPlace.set(placeId, untilMs);
        }
        return callers;
    }
}
