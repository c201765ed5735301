import { RecentKeys } from "./recent-keys.js";
/** How long a caller may take to come back to its place: clients reconnect within seconds. */
const ABSENT_MS = 30_000;
/** Callers remembered as absent: as many as a queue can hold. */
const MAX_ABSENT = 10_000;
/** How long a key stays cancelled: its acquire may be in flight, or about to be requeued. */
const CANCELLED_MS = 10_000;
/** Cancelled keys that are remembered. */
const MAX_CANCELLED = 10_000;
/** The arrival of `waiter`, without its caller: the waiter itself would keep that in memory. */
export function arrivalOf({ queuedAtMs, deadlineAtMs, arrivalNumber }) {
    return { queuedAtMs, deadlineAtMs, ...(arrivalNumber !== undefined && { arrivalNumber }) };
}
/** The absent and cancelled callers of one bucket. */
export class AbsentCallers {
    #absent = new RecentKeys(ABSENT_MS, MAX_ABSENT);
    #cancelled = new RecentKeys(CANCELLED_MS, MAX_CANCELLED);
    /** The last request for a place has disconnected. If it was cancelled meanwhile, it can't come back. */
    leave(key, place, nowMs) {
        if (!this.isCancelled(key, nowMs))
            this.#absent.note(key, place, nowMs);
    }
    /** The place that the absent caller with this key may come back to. */
    find(key, nowMs) {
        return this.#absent.find(key, nowMs);
    }
    /** An acquire with this key has been admitted or refused. */
    arrive(key) {
        this.#absent.forget(key);
    }
    /**
     * Cancels the acquire with this key, and everything that arrives with it in the next 10 seconds. Returns
     * its place if it was absent and could still have been granted.
     */
    cancel(key, nowMs) {
        const place = this.#absent.find(key, nowMs);
        this.#absent.forget(key);
        this.#cancelled.note(key, true, nowMs);
        return place && nowMs <= place.arrival.deadlineAtMs ? place : undefined;
    }
    isCancelled(key, nowMs) {
        return this.#cancelled.find(key, nowMs) === true;
    }
    forgetAll() {
        this.#absent.forgetAll();
        this.#cancelled.forgetAll();
    }
}
