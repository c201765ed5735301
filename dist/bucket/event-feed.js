/** The events of one bucket. Requests are identified by consecutive numbers. */
export class EventFeed {
    #observer = undefined;
    #lastId = 0;
    #batch = [];
    /** Sends events to `observer` from now on, in place of the previous one; numbering continues after `lastId`. */
    observe(observer, lastId) {
        this.#observer = observer;
        this.#lastId = Math.max(this.#lastId, lastId);
    }
    /** A turn is over; `undefined` if there was no limiter to make one. */
    turned(turn, nowMs) {
        this.#observer?.turned(turn ? this.#eventsOfAll(turn, nowMs) : []);
    }
    /** A turn of a batch is over, whose effects come with the next `turned`. */
    turnedInBatch(turn, nowMs) {
        if (this.#observer)
            this.#batch.push({ turn, nowMs });
    }
    /**
     * The turns of a batch settle nobody; its end settles all. Callers that didn't have to wait come first all the same,
     * as they would without a batch.
     */
    #eventsOfAll(turn, nowMs) {
        const batch = this.#batch;
        if (batch.length === 0)
            return this.#eventsOf(turn, nowMs);
        this.#batch = [];
        const queued = new Set(batch.map((part) => part.turn.waiter?.caller));
        const hasWaited = ({ caller }) => {
            return caller.watchId !== undefined || queued.has(caller);
        };
        // Before any of them gets its number.
        const atOnce = turn.settled.filter((settlement) => !hasWaited(settlement));
        const waited = turn.settled.filter(hasWaited);
        return [
            ...this.#eventsOf({ settled: atOnce }, nowMs),
            ...batch.flatMap((part) => this.#eventsOf(part.turn, part.nowMs)),
            ...this.#eventsOf({ ...turn, settled: waited }, nowMs),
        ];
    }
    #eventsOf({ settled = [], waiter, cancelled }, nowMs) {
        const events = [];
        if (cancelled) {
            const { caller, queuedAtMs } = cancelled;
            const asked = askedOf(caller);
            const waitedMs = Math.max(0, Math.round(nowMs - queuedAtMs));
            events.push({ kind: "cancelled", id: this.#idOf(caller), atMs: nowMs, ...asked, waitedMs });
        }
        for (const { caller, outcome } of settled) {
            const id = this.#idOf(caller);
            const asked = askedOf(caller);
            if (outcome.ok) {
                const { grantedAtMs: atMs, waitedMs } = outcome;
                events.push({ kind: "granted", id, atMs, ...asked, waitedMs });
            }
            else {
                events.push({ kind: "refused", id, atMs: nowMs, ...asked, reason: outcome.reason });
            }
        }
        if (waiter) {
            const { caller } = waiter;
            events.push({ kind: "queued", id: this.#idOf(caller), atMs: nowMs, ...askedOf(caller) });
        }
        return events;
    }
    #idOf(caller) {
        caller.watchId ??= this.#lastId += 1;
        return caller.watchId;
    }
}
function askedOf({ call: { tokens, limits, label }, }) {
    const asked = limits ? { tokens, limits } : { tokens };
    return label === undefined ? asked : { ...asked, label };
}
