import { invariants } from "../invariants.js";
import { isPossible, isStateOf } from "./bucket-state.js";
import { LentTokens } from "./lent-tokens.js";
import { RegularGrid } from "./regular-grid.js";
import { tokenBucketFields } from "./token-bucket-fields.js";
/**
 * The latest instant that is reported, epoch milliseconds. Integers in JSON aren't exact beyond it.
 */
const MAX_REPORTED_AT_MS = 2 ** 53 - 1;
/** A write-ahead batch is at most the capacity divided by this. */
const BATCH_CAPACITY_SHARE = 40;
/** A write-ahead batch is at most what the ticks of this time add. */
const BATCH_SPAN_MS = 1_000;
const regularForm = {
    name: "bucket",
    isMovable: false,
    isKeptInPause: false,
    refillTokensOf: ({ refillTokens }) => refillTokens,
    gridOf: ({ refillIntervalMs }, { startedAtMs }) => new RegularGrid(startedAtMs, refillIntervalMs),
    haveSameGrid: (one, other) => one.refillIntervalMs === other.refillIntervalMs,
};
function termsOf(form, fields, grid) {
    return { form, fields, refillTokens: form.refillTokensOf(fields), grid };
}
/**
 * A token bucket whose time is passed in.
 *
 * @example
 * const bucket = TokenBucket.start({ capacity: 1, refillTokens: 1, refillIntervalMs: 1000, initialTokens: 1 }, 0);
 * bucket.take(1);
 * bucket.msUntil(1, 0); // 1000
 * bucket.advance(1000);
 * bucket.tokens; // 1
 */
export class TokenBucket {
    #terms;
    #startedAtMs;
    /** Runs ahead of the clock during a pause, unless that keeps what it holds back. */
    #tick;
    #tokens;
    /** Nearly always `undefined`, and then everything is plain arithmetic. */
    #lent = undefined;
    /** Nearly always `undefined`. */
    #pausedUntilMs = undefined;
    /** The last tick that the clock has reached; kept only during a pause. */
    #reachedTick = 0;
    /** What a pause has put aside until its end. */
    #pausedTokens = 0;
    /** Until then an `advance` changes nothing, epoch milliseconds; `-Infinity` if that isn't known. */
    #idleUntilMs = -Infinity;
    constructor(terms, startedAtMs, tick, tokens) {
        this.#terms = terms;
        this.#startedAtMs = startedAtMs;
        this.#tick = tick;
        this.#tokens = tokens;
    }
    /**
     * A bucket that starts now: the grid's origin is `nowMs`, and it holds `initialTokens`.
     */
    static start(fields, nowMs) {
        return TokenBucket.startAs(regularForm, fields, nowMs);
    }
    /** The same in another form. */
    static startAs(form, fields, nowMs) {
        const grid = form.gridOf(fields, { startedAtMs: nowMs, reachedAtMs: nowMs });
        const tick = grid.tickAt(nowMs);
        const tokens = fields.initialTokens;
        return new TokenBucket(termsOf(form, fields, grid), nowMs, tick, tokens);
    }
    /**
     * The bucket that `toJSON` described.
     *
     * @throws {RangeError} If a bucket with these fields can't be in that state: another kind, numbers
     * that aren't integers, a tick below 0, more tokens than the capacity and what is out leave room for.
     */
    static from(fields, state) {
        return TokenBucket.fromAs(regularForm, fields, state);
    }
    /**
     * The same in another form.
     *
     * @throws {RangeError} As `from`, and if it doesn't say when a tick fell that may fall on another instant.
     */
    static fromAs(form, fields, state) {
        if (!isStateOf(form, state) || !isPossible(form, fields, state)) {
            throw new RangeError(`Cannot restore a ${form.name} from ${JSON.stringify(state)}: capacity is ${fields.capacity}`);
        }
        const { startedAtMs, tick, tokens, leased, pausedUntilMs, pausedTokens, reachedAtMs } = state;
        const origin = { startedAtMs, tick, reachedAtMs: reachedAtMs ?? startedAtMs };
        const grid = form.gridOf(fields, origin);
        const lastTick = form.isMovable ? grid.tickAt(origin.reachedAtMs) : tick;
        const bucket = new TokenBucket(termsOf(form, fields, grid), startedAtMs, lastTick, tokens);
        if (leased)
            bucket.#lent = new LentTokens(leased);
        if (pausedUntilMs !== undefined)
            bucket.#beginPause(pausedUntilMs);
        if (pausedTokens !== undefined)
            bucket.#pausedTokens = pausedTokens;
        return bucket;
    }
    get capacity() {
        return this.#terms.fields.capacity;
    }
    get tokens() {
        return this.#tokens;
    }
    get missing() {
        return this.#room - this.#tokens - this.#pausedTokens;
    }
    get lent() {
        return this.#lent;
    }
    get startedAtMs() {
        return this.#startedAtMs;
    }
    get pausedUntilMs() {
        return this.#pausedUntilMs;
    }
    get pausedTokens() {
        return this.#pausedTokens;
    }
    /** The instant of the last tick that the clock has reached. */
    get reachedAtMs() {
        return this.#reportedAtMs(this.#pausedUntilMs === undefined ? this.#tick : this.#reachedTick);
    }
    /** The first tick after now; for a paused bucket, the first after the pause, or its end if that brings any. */
    get nextGainAtMs() {
        const tickAtMs = this.#reportedAtMs(this.#tick + 1);
        if (this.#pausedUntilMs === undefined)
            return tickAtMs;
        return this.#pausedTokens > 0 ? this.#pausedUntilMs : Math.max(tickAtMs, this.#pausedUntilMs);
    }
    get closedForm() {
        return this;
    }
    /** Adds every tick up to and including `nowMs`. */
    advance(nowMs) {
        if (nowMs < this.#idleUntilMs)
            return;
        const { grid } = this.#terms;
        const tick = grid.tickAt(nowMs);
        this.#advanceToTick(tick);
        if (this.#lent)
            this.#endLoans(nowMs);
        if (this.#pausedUntilMs !== undefined) {
            if (nowMs >= this.#pausedUntilMs)
                this.#endPause(this.#pausedUntilMs);
            else
                this.#reachedTick = Math.max(this.#reachedTick, tick);
        }
        const isIdle = this.#lent === undefined && this.#pausedUntilMs === undefined;
        this.#idleUntilMs = isIdle ? grid.timeOf(this.#tick + 1) : -Infinity;
    }
    msUntil(tokens, fromMs) {
        if (tokens <= this.#tokens)
            return this.reachedAtMs - fromMs;
        const ms = this.#terms.grid.msUntil(this.#tickWith(tokens), fromMs);
        return this.#pausedUntilMs === undefined ? ms : Math.max(ms, this.#pausedUntilMs - fromMs);
    }
    take(tokens) {
        this.#tokens -= tokens;
    }
    /** What comes back during a pause is put aside or lost, as what ticks bring is. */
    giveBack(tokens) {
        if (this.#pausedUntilMs !== undefined && !this.#terms.form.isKeptInPause)
            return 0;
        this.#gain(tokens);
        return tokens;
    }
    /** The next ticks make up for what is missing. */
    lend(tokens, untilMs) {
        this.#tokens -= tokens;
        this.#idleUntilMs = -Infinity;
        (this.#lent ??= new LentTokens()).add(tokens, untilMs);
    }
    /** After the capacity was cut, more may be out than there is room for. */
    endLoan(untilMs, spent, returned) {
        if (!this.#lent)
            return;
        this.#lent.remove(spent, untilMs);
        const back = this.#lent.remove(returned, untilMs);
        this.#gain(Math.min(this.missing, back));
        if (this.#lent.tokens === 0)
            this.#lent = undefined;
    }
    pause(untilMs, tokens, nowMs) {
        this.advance(nowMs);
        const isLonger = untilMs > nowMs && untilMs > (this.#pausedUntilMs ?? -Infinity);
        const isLower = untilMs > nowMs && tokens < this.#tokens;
        if (isLonger)
            this.#beginPause(untilMs);
        if (isLower) {
            const rest = this.#tokens - tokens;
            this.#tokens = tokens;
            this.#gain(rest);
        }
        return isLonger || isLower;
    }
    resume(nowMs) {
        this.advance(nowMs);
        if (this.#pausedUntilMs === undefined)
            return false;
        this.#tick = this.#reachedTick;
        this.#endPause(Math.max(nowMs, this.reachedAtMs));
        return true;
    }
    /**
     * The grid keeps its origin, and what is out takes its room first. Ticks up to `nowMs` count as added,
     * those of the old grid under the old fields.
     */
    reconfigure(fields, nowMs) {
        this.advance(nowMs);
        const reachedAtMs = Math.max(nowMs, this.reachedAtMs);
        const { form, grid, fields: before } = this.#terms;
        const isSameGrid = form.haveSameGrid(before, fields);
        this.#terms = termsOf(form, fields, grid);
        this.#idleUntilMs = -Infinity;
        if (!isSameGrid) {
            const pausedUntilMs = this.#pausedUntilMs;
            this.#pausedUntilMs = undefined;
            const startedAtMs = this.#startedAtMs;
            this.#terms = termsOf(form, fields, form.gridOf(fields, { startedAtMs, reachedAtMs }));
            this.#tick = this.#terms.grid.tickAt(reachedAtMs);
            if (pausedUntilMs !== undefined)
                this.#beginPause(pausedUntilMs);
        }
        const room = Math.max(0, this.#room);
        this.#tokens = Math.min(this.#tokens, room);
        this.#pausedTokens = Math.min(this.#pausedTokens, room - this.#tokens);
        this.#checkLimit();
    }
    /**
     * Whether a waiter for `tokens` is always served before a tick can overflow. The tick that serves it
     * brings it to at most `tokens + refillTokens - 1`, which must fit.
     */
    covers(tokens) {
        return tokens + this.#terms.refillTokens - 1 <= this.#terms.fields.capacity;
    }
    takeRun(tokens) {
        const rest = this.#takeInPause(tokens);
        const { grid, refillTokens } = this.#terms;
        const times = this.#timesUntil(rest);
        if (times > 0)
            this.#pausedUntilMs = undefined;
        this.#idleUntilMs = -Infinity;
        this.#tick = grid.after(this.#tick, times);
        this.#tokens += times * refillTokens - rest;
    }
    copy() {
        const copy = new TokenBucket(this.#terms, this.#startedAtMs, this.#tick, this.#tokens);
        if (this.#lent)
            copy.#lent = this.#lent.copy();
        copy.#pausedUntilMs = this.#pausedUntilMs;
        copy.#reachedTick = this.#reachedTick;
        copy.#pausedTokens = this.#pausedTokens;
        return copy;
    }
    toJSON() {
        const pausedUntilMs = this.#pausedUntilMs;
        return {
            kind: this.#terms.form.name,
            startedAtMs: this.#startedAtMs,
            tick: pausedUntilMs === undefined ? this.#tick : this.#reachedTick,
            tokens: this.#tokens,
            ...(this.#lent && { leased: this.#lent.toJSON() }),
            ...(pausedUntilMs !== undefined && { pausedUntilMs }),
            ...(this.#pausedTokens > 0 && { pausedTokens: this.#pausedTokens }),
            ...(this.#terms.form.isMovable && { reachedAtMs: this.reachedAtMs }),
        };
    }
    /** How far ticks fill the bucket; below 0 if more is out than the capacity holds. */
    get #room() {
        return this.#terms.fields.capacity - (this.#lent?.tokens ?? 0);
    }
    /** How often tokens have to come in until `tokens` are there or aside, if there is room for them; 0 if they are. */
    #timesUntil(tokens) {
        const missing = tokens - this.#tokens - this.#pausedTokens;
        return Math.max(0, Math.ceil(missing / this.#terms.refillTokens));
    }
    /** The tick with which `tokens` are there or aside if nobody takes any; the last one if they are now. */
    #tickWith(tokens) {
        const times = this.#timesUntil(tokens);
        if (!this.#lent || times === 0 || tokens <= this.#room) {
            return this.#terms.grid.after(this.#tick, times);
        }
        const ahead = this.copy();
        while (ahead.#lent && tokens > ahead.#room) {
            // Until the next loan ends there is no room for so many, however many ticks come.
            const endAtMs = ahead.#lent.nextEndAtMs;
            ahead.#advanceToTick(this.#terms.grid.tickBefore(endAtMs));
            ahead.#endLoans(endAtMs);
        }
        return ahead.#tickWith(tokens);
    }
    /** Adds every tick up to and including `tick`. A tick that was added before changes nothing. */
    #advanceToTick(tick) {
        if (tick <= this.#tick)
            return;
        // It is one after the pause, unless ticks go on in pauses.
        if (this.#pausedUntilMs !== undefined && !this.#terms.form.isKeptInPause) {
            this.#pausedUntilMs = undefined;
        }
        if (this.#lent)
            this.#fillAcrossEnds(tick);
        else
            this.#fillTo(tick);
    }
    #fillTo(tick) {
        // The sum may be rounded if it exceeds 2^53, but then it is far above the capacity.
        const { missing } = this;
        const { grid, refillTokens } = this.#terms;
        const added = grid.tokensBetween(this.#tick, tick, refillTokens, missing);
        this.#tick = tick;
        this.#gain(Math.min(missing, added));
    }
    /** Tokens come in that have room, or none if `tokens` is below 0; during a pause they are put aside, or lost. */
    #gain(tokens) {
        const gained = Math.max(0, tokens);
        if (this.#pausedUntilMs === undefined)
            this.#tokens += gained;
        else if (this.#terms.form.isKeptInPause)
            this.#pausedTokens += gained;
        this.#checkLimit();
    }
    #checkLimit() {
        invariants?.limit(this.#tokens + this.#pausedTokens, this.#terms.fields.capacity);
    }
    /** Fills up to the end of each loan in turn, and finally to `tick`. */
    #fillAcrossEnds(tick) {
        while (this.#lent && this.#lent.nextEndAtMs <= this.#terms.grid.timeOf(tick)) {
            const endAtMs = this.#lent.nextEndAtMs;
            const lastTick = this.#terms.grid.tickBefore(endAtMs);
            if (lastTick > this.#tick)
                this.#fillTo(lastTick);
            this.#endLoans(endAtMs);
        }
        this.#fillTo(tick);
    }
    #reportedAtMs(tick) {
        return Math.min(MAX_REPORTED_AT_MS, this.#terms.grid.timeOf(tick));
    }
    /** Counts the ticks up to and including `untilMs` as added, unless what comes in until then is put aside. */
    #beginPause(untilMs) {
        const { form, grid } = this.#terms;
        this.#idleUntilMs = -Infinity;
        if (this.#pausedUntilMs === undefined)
            this.#reachedTick = this.#tick;
        this.#pausedUntilMs = untilMs;
        if (!form.isKeptInPause)
            this.#tick = Math.max(this.#tick, grid.tickAt(untilMs));
    }
    /** What was put aside is there from `atMs` on. */
    #endPause(atMs) {
        this.#idleUntilMs = -Infinity;
        this.#pausedUntilMs = undefined;
        this.#tokens += this.#pausedTokens;
        this.#pausedTokens = 0;
        const { form, fields, grid } = this.#terms;
        if (!form.isKeptInPause || grid.timeOf(this.#tick) >= atMs)
            return;
        // From here on the period counts as begun at `atMs`: nobody is granted what was aside before that.
        const origin = { startedAtMs: this.#startedAtMs, tick: this.#tick, reachedAtMs: atMs };
        this.#terms = termsOf(form, fields, form.gridOf(fields, origin));
    }
    /** Takes what a pause leaves, and lets it end if that isn't all. Returns what is to be taken then. */
    #takeInPause(tokens) {
        const pausedUntilMs = this.#pausedUntilMs;
        if (pausedUntilMs === undefined || !this.#terms.form.isKeptInPause)
            return tokens;
        const taken = Math.min(tokens, Math.max(0, this.#tokens));
        this.#tokens -= taken;
        if (taken < tokens)
            this.advance(pausedUntilMs);
        return tokens - taken;
    }
    /** Ends the loans whose time is up at `nowMs`: their tokens are spent. */
    #endLoans(nowMs) {
        this.#lent?.endBy(nowMs);
        if (this.#lent?.tokens === 0)
            this.#lent = undefined;
    }
}
/** The kind `bucket`: tokens that come in on a grid of ticks. */
export const tokenBucket = {
    name: "bucket",
    fields: tokenBucketFields,
    forecast: "exact",
    atLoanEnd: "spent",
    start: (fields, nowMs) => TokenBucket.start(fields, nowMs),
    restore: (fields, state) => TokenBucket.from(fields, state),
    /**
     * Small by both measures of a bucket: at most a 40th of the capacity, and at most what one second of
     * ticks adds. The first limits a crash to 2.5 % of what callers can have at once, and still lets 1,000
     * grants of a bucket of 10,000 get by with six writes: four batches, the first grant and the end. The
     * second makes a crash cost no more than a pause of one second would. If either is below one token, as
     * in a bucket of 100 a day, every grant is written and a crash costs nothing.
     */
    maxBatch({ capacity, refillTokens, refillIntervalMs }) {
        const ofCapacity = Math.floor(capacity / BATCH_CAPACITY_SHARE);
        const ofRate = Math.floor((refillTokens * BATCH_SPAN_MS) / refillIntervalMs);
        return Math.min(ofCapacity, ofRate);
    },
    batchFrom: "ticks",
    /** In whole ticks. */
    windowMs: ({ capacity, refillTokens, refillIntervalMs }) => {
        return Math.ceil(capacity / refillTokens) * refillIntervalMs;
    },
    /** What is there at its beginning, and the ticks in it. */
    maxGranted({ capacity, refillTokens, refillIntervalMs }, windowMs) {
        return capacity + refillTokens * (Math.floor(windowMs / refillIntervalMs) + 1);
    },
};
