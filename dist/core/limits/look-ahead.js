/**
 * A copy of limits that serves waiters ahead of time.
 *
 * @example
 * const ahead = new LookAhead(limits);
 * ahead.serve(1); // when the head is granted, epoch milliseconds
 * ahead.availableAt(1); // when one behind it would be
 */
export class LookAhead {
    #limits;
    /** When the last waiter was served. */
    #servedAtMs;
    constructor(limits) {
        if (limits instanceof LookAhead)
            this.#limits = limits.#limits.copy();
        else
            this.#limits = limits.isEstimate ? limits.estimate() : limits.copy();
        this.#servedAtMs = this.#limits.reachedAtMs;
    }
    /** Another one that has served as many. */
    copy() {
        const copy = new LookAhead(this);
        copy.#servedAtMs = this.#servedAtMs;
        return copy;
    }
    /** When the last waiter is served, epoch milliseconds; before the first, the instant of the limits. */
    get servedAtMs() {
        return this.#servedAtMs;
    }
    /** When a waiter for `cost`, which fits, behind all that were served is, epoch milliseconds. */
    availableAt(cost) {
        return Math.max(this.#servedAtMs, this.#limits.availableAt(cost));
    }
    /** How long after `fromMs` that is, in milliseconds. Exact even if the instant is beyond 2^53. */
    msUntil(cost, fromMs) {
        return Math.max(this.#servedAtMs - fromMs, this.#limits.msUntil(cost, fromMs));
    }
    /** See `LimitSet.namesLater`, once all that were served are. */
    namesLater(cost, atMs) {
        return this.#limits.namesLater(cost, atMs);
    }
    /** Serves a waiter and takes what is owed behind it, and returns when it is served, epoch milliseconds. */
    serveWaiter({ tokens, owed, }) {
        const servedAtMs = this.serve(tokens);
        if (owed)
            this.#limits.takeOwed(owed);
        return servedAtMs;
    }
    /** Takes what is owed behind the last waiter that was served. */
    takeOwed(owed) {
        this.#limits.takeOwed(owed);
    }
    /** Serves a waiter, and returns when, epoch milliseconds. */
    serve(cost) {
        // What is there already takes no look at the ticks to come, and many are served by one tick.
        if (!this.#limits.tryTake(cost))
            this.serveAt(this.availableAt(cost), cost);
        return this.#servedAtMs;
    }
    /** Serves a waiter at `atMs`, which `availableAt` said. */
    serveAt(atMs, cost) {
        this.#limits.advance(atMs);
        this.#limits.take(cost);
        this.#servedAtMs = atMs;
    }
    /**
     * The same as serving waiters that want `tokens` together, if the limits' closed form covers each of
     * them.
     */
    serveRun(tokens) {
        this.#limits.closedForm?.takeRun(tokens);
        this.#servedAtMs = this.#limits.reachedAtMs;
    }
}
