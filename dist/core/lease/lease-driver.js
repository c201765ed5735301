import { LeaseHolder } from "./lease-holder.js";
/** Shared, so that a grant from a lease allocates no step. */
const NOTHING = {};
/**
 * Drives the leases that one isolate holds of one bucket. Time is passed in as epoch milliseconds of
 * one clock.
 *
 * @example
 * const driver = new LeaseDriver({ maxTokens: 100, ttlMs: 1_000 });
 * driver.tryTake(5, 0); // false: the request goes to the bucket, with driver.returnAll()
 * const { ask } = driver.next(0); // { uses: [], granted: 0, wanted: 5 }: send it
 * const lease = { tokens: 5, startedAtMs: 0, untilMs: 4_000, ttlMs: 1_000 };
 * driver.answered(ask, { lease, isPaused: false }, 10); // { wakeAtMs: 1_000 }: set a timer
 * driver.tryTake(1, 20); // true
 */
export class LeaseDriver {
    #ttlMs;
    #holder;
    #pending = undefined;
    #timerAtMs = -Infinity;
    /** A driver that holds nothing yet. */
    constructor(terms) {
        this.#ttlMs = terms.ttlMs;
        this.#holder = new LeaseHolder(terms);
    }
    /** See `LeaseHolder.tokensAt`. */
    tokensAt(nowMs) {
        return this.#holder.tokensAt(nowMs);
    }
    /** See `LeaseHolder.tryTake`. Call `next` after a request, once it is settled. */
    tryTake(tokens, nowMs) {
        return this.#holder.tryTake(tokens, nowMs);
    }
    /** See `LeaseHolder.returnAll`. */
    returnAll() {
        return this.#holder.returnAll();
    }
    /** Returns everything held, as a call to send once; `undefined` if nothing is held. */
    giveBack() {
        const report = this.#holder.returnAll();
        return report && { ...report, wanted: 0 };
    }
    /** See `LeaseHolder.overloaded`. */
    overloaded(nowMs) {
        this.#holder.overloaded(nowMs);
    }
    /** See `LeaseHolder.backOffMs`. */
    backOffMs(nowMs) {
        return this.#holder.backOffMs(nowMs);
    }
    /** Whether the answer to `ask` still counts: it was neither answered nor given up. */
    isPending(ask) {
        return this.#pending?.ask === ask;
    }
    /** What to tell the bucket now, if anything. */
    next(nowMs) {
        if (this.#pending && nowMs >= this.#pending.sinceMs + this.#ttlMs) {
            this.#pending = undefined;
            this.#holder.failed(nowMs);
        }
        const ask = this.#holder.nextAsk(nowMs);
        if (!ask)
            return this.#watch(nowMs);
        this.#pending = { ask, sinceMs: nowMs };
        return { ask };
    }
    /** The timer set for `wakeAtMs` has fired. */
    woke(wakeAtMs, nowMs) {
        // Not a later timer, set because this one was late.
        if (this.#timerAtMs === wakeAtMs)
            this.#timerAtMs = -Infinity;
        return this.next(Math.max(wakeAtMs, nowMs));
    }
    /**
     * The bucket has answered `ask`. A call that failed counts as a bucket that lends nothing. Does
     * nothing if the ask was given up.
     */
    answered(ask, { lease, isPaused }, nowMs) {
        if (!this.isPending(ask))
            return NOTHING;
        this.#pending = undefined;
        this.#holder.lent(lease, nowMs);
        const giveBack = isPaused ? this.giveBack() : undefined;
        return giveBack ? { giveBack } : this.#watch(nowMs);
    }
    /** Asks for a timer at the end of the oldest lease, unless one is set or an ask is pending. */
    #watch(nowMs) {
        const { expiresAtMs } = this.#holder;
        const isTimerSet = this.#timerAtMs >= nowMs;
        if (expiresAtMs === undefined || isTimerSet || this.#pending)
            return NOTHING;
        this.#timerAtMs = expiresAtMs;
        return { wakeAtMs: expiresAtMs };
    }
}
