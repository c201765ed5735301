import { limitSpec } from "./limit.js";
import { LentTokens } from "./lent-tokens.js";
/** The name of the limit. No policy can ask for a limit of that name. */
export const PERMITS_LIMIT = "#permits";
/** The weight of one permit in the average of how long they are held. */
const AVERAGED_SHARE = 0.125;
/** The permits of one bucket. */
export class Permits {
    startedAtMs;
    lent = undefined;
    pausedUntilMs = undefined;
    pausedTokens = 0;
    closedForm = undefined;
    #max;
    #ttlMs;
    #reachedAtMs;
    /** When the permits that are out end. */
    #ends;
    /** Permits that are bound, by when they would have ended by themselves. */
    #bound;
    /** How long permits are held, on average, in milliseconds; `undefined` before the first has come back. */
    #averageMs;
    constructor({ capacity, ttlMs }, { startedAtMs, reachedAtMs }, ends = new LentTokens(), bound = new LentTokens(), averageMs) {
        this.#max = capacity;
        this.#ttlMs = ttlMs;
        this.startedAtMs = startedAtMs;
        this.#reachedAtMs = reachedAtMs;
        this.#ends = ends;
        this.#bound = bound;
        this.#averageMs = averageMs;
    }
    /** All permits free, as of now. */
    static start(fields, nowMs) {
        return new Permits(fields, { startedAtMs: nowMs, reachedAtMs: nowMs });
    }
    /**
     * What `toJSON` described, with all permits free: those that are out are restored one by one, by `lend`.
     *
     * @throws {RangeError} If it is the state of another kind, or its instants aren't integers.
     */
    static from(fields, state) {
        if (!isPermitsState(state)) {
            throw new RangeError(`Cannot restore permits from ${JSON.stringify(state)}`);
        }
        return new Permits(fields, state);
    }
    get capacity() {
        return this.#max;
    }
    /** Permits that are free. Below 0 after the policy allows fewer than are out. */
    get tokens() {
        return this.#max - this.missing;
    }
    get missing() {
        return this.#ends.tokens + this.#bound.tokens;
    }
    get reachedAtMs() {
        return this.#reachedAtMs;
    }
    /** `Infinity` if none ends by itself. */
    get nextGainAtMs() {
        return this.#ends.nextEndAtMs;
    }
    /** When a permit that is taken now ends, epoch milliseconds. */
    get endAtMs() {
        return this.#reachedAtMs + this.#ttlMs;
    }
    advance(nowMs) {
        if (nowMs <= this.#reachedAtMs)
            return;
        this.#reachedAtMs = nowMs;
        this.#ends.endBy(nowMs);
    }
    msUntil(tokens, fromMs) {
        const missing = tokens - this.tokens;
        const atMs = missing > 0 ? this.#ends.endAtMsOf(missing) : this.#reachedAtMs;
        return atMs - fromMs;
    }
    take(tokens) {
        if (tokens > 0)
            this.#ends.add(tokens, this.endAtMs);
    }
    lend(tokens, untilMs) {
        this.#ends.add(tokens, untilMs);
    }
    /** A permit that is out until `untilMs` is bound: from now on, it has no end. */
    bind(untilMs) {
        this.#bound.add(this.#ends.remove(1, untilMs), untilMs);
    }
    /** A permit that was bound comes back; `untilMs` is when it would have ended by itself. */
    endBound(untilMs) {
        this.#bound.remove(1, untilMs);
    }
    /** Permits come back whatever their holders have done with them. */
    endLoan(untilMs, spent, returned) {
        this.#ends.remove(spent + returned, untilMs);
    }
    /** A permit comes back by itself: see `settle`. */
    giveBack() {
        return 0;
    }
    /** A permit has come back `heldMs` after it was granted, before its time was up. */
    noteHeld(heldMs) {
        const averageMs = this.#averageMs ?? heldMs;
        this.#averageMs = averageMs + (heldMs - averageMs) * AVERAGED_SHARE;
    }
    /** A pause stops what comes in by time. */
    pause() {
        return false;
    }
    resume() {
        return false;
    }
    /** Permits that are out keep their ends. */
    reconfigure({ capacity, ttlMs }, nowMs) {
        this.advance(nowMs);
        this.#max = capacity;
        this.#ttlMs = ttlMs;
    }
    copy() {
        const fields = { capacity: this.#max, ttlMs: this.#ttlMs };
        return new Permits(fields, this, this.#ends.copy(), this.#bound.copy(), this.#averageMs);
    }
    /**
     * A copy in which permits, those that are out too, last as long as they were held on average. One that is bound and
     * has lasted longer is expected to last as long again.
     */
    estimate() {
        const averageMs = Math.min(this.#ttlMs, Math.ceil(this.#averageMs ?? this.#ttlMs));
        const earlierMs = this.#ttlMs - averageMs;
        const ends = new LentTokens();
        for (const { tokens, untilMs } of this.#ends.toJSON()) {
            ends.add(tokens, Math.max(this.#reachedAtMs + 1, untilMs - earlierMs));
        }
        for (const { tokens, untilMs } of this.#bound.toJSON()) {
            const isOverdue = untilMs - earlierMs <= this.#reachedAtMs;
            ends.add(tokens, isOverdue ? this.#reachedAtMs + averageMs : untilMs - earlierMs);
        }
        const fields = { capacity: this.#max, ttlMs: averageMs };
        return new Permits(fields, this, ends, undefined, this.#averageMs);
    }
    toJSON() {
        const { startedAtMs, reachedAtMs } = this;
        return { kind: "permits", startedAtMs, reachedAtMs };
    }
}
/** The kind `permits`: what is taken comes back. */
export const permits = {
    name: "permits",
    fields: {},
    forecast: "estimate",
    atLoanEnd: "returned",
    start: (fields, nowMs) => Permits.start(fields, nowMs),
    restore: (fields, state) => Permits.from(fields, state),
    /** A batch of an instance that is gone would come back while its callers have it. */
    maxBatch: () => 0,
    batchFrom: "tokens",
    windowMs: ({ ttlMs }) => ttlMs,
    /** One that is released is granted again at once, so there is no bound. */
    maxGranted: () => Infinity,
};
/** What limits the callers of a bucket: its policy's limits and, behind them, permits if it has any. */
export function limitsOf({ limits, concurrency, }) {
    if (!concurrency)
        return limits;
    const { max: capacity, ttlMs } = concurrency;
    return [...limits, limitSpec(PERMITS_LIMIT, permits, { capacity, ttlMs })];
}
function isPermitsState(state) {
    if (state.kind !== "permits" || !("startedAtMs" in state) || !("reachedAtMs" in state))
        return false;
    return Number.isSafeInteger(state.startedAtMs) && Number.isSafeInteger(state.reachedAtMs);
}
