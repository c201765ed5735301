import { invariants } from "./invariants.js";
import { LentTokens } from "./limits/lent-tokens.js";
import { tokensOf } from "./limits/cost.js";
/**
 * A bucket without a grant for this long is quiet. That is well below the ten seconds after which the
 * platform evicts an idle object, and above the most common refill interval with room for a late tick:
 * a bucket with a waiter at each of those ticks isn't quiet in between.
 */
const QUIET_MS = 1_250;
/**
 * How long a batch is lent: for this long a restarted bucket has less by it, and after it a slow but
 * steady bucket must write even if its batch would last longer.
 */
const LENT_MS = 20_000;
/**
 * Far more than the clocks of two machines differ by, and than a clock stands still within a turn.
 */
const CLOCK_MARGIN_MS = 1_000;
/** What the disk knows of one bucket, and when it must know more. */
export class WriteAhead {
    /** One for each limit; the first apart, as in `LimitSet`. */
    #first;
    #others;
    #untilMs = -Infinity;
    /** Whether the disk holds exactly what memory does, but for `#isChanged`. */
    #isSettled = true;
    #isChanged = false;
    #grantedAtMs = -Infinity;
    /** Whether the last grants followed those of an earlier turn within `QUIET_MS`. */
    #isBusy = false;
    /** Whether there were grants since the last `isDue`, all of them in one turn. */
    #hasUnwrittenGrants = false;
    /** @param limits As they were restored from the disk; `undefined` for a bucket that hasn't started. */
    constructor(limits) {
        this.#first = new Batch(limits?.first.lent?.copy());
        const others = limits?.all.slice(1).map(({ lent }) => new Batch(lent?.copy())) ?? [];
        this.#others = others.length > 0 ? others : undefined;
    }
    /** The same knowledge of the disk. */
    copy() {
        const copy = new WriteAhead();
        copy.#first = this.#first.copy();
        copy.#others = this.#others?.map((batch) => batch.copy());
        copy.#untilMs = this.#untilMs;
        copy.#isSettled = this.#isSettled;
        copy.#isChanged = this.#isChanged;
        copy.#grantedAtMs = this.#grantedAtMs;
        copy.#isBusy = this.#isBusy;
        copy.#hasUnwrittenGrants = this.#hasUnwrittenGrants;
        return copy;
    }
    /**
     * How long after `nowMs` to end a turn even if nothing happens, in milliseconds; `undefined` if there is
     * nothing to do.
     */
    flushInMs(nowMs) {
        return this.#isSettled ? undefined : this.#grantedAtMs + QUIET_MS - nowMs;
    }
    /** `cost` has been taken, and the disk doesn't know yet. */
    noteGrant(cost, nowMs) {
        if (!this.#hasUnwrittenGrants)
            this.#isBusy = !this.#isQuiet(nowMs);
        this.#hasUnwrittenGrants = true;
        this.#grantedAtMs = nowMs;
        this.#isSettled = false;
        this.#first.remaining -= tokensOf(cost, 0);
        if (this.#others)
            noteTaken(this.#others, cost);
    }
    /**
     * Something besides grants must be written. That includes a lease that is given or settled, since what
     * is written matches the bucket in memory only while nothing else changes it.
     */
    noteChange() {
        this.#isChanged = true;
    }
    /**
     * Whether the turn that ends now has to write before anything it did is reported. Its owner then calls
     * `write`, or stops.
     */
    isDue(nowMs) {
        this.#hasUnwrittenGrants = false;
        if (this.#isChanged)
            return true;
        if (this.#isSettled)
            return false;
        if (this.#first.remaining < 0 || nowMs >= this.#untilMs || this.#isQuiet(nowMs))
            return true;
        return this.#others !== undefined && this.#others.some(isUsedUp);
    }
    /**
     * What must be on the disk before any grant so far is reported: a state of each limit, `undefined` if the
     * bucket hasn't started.
     */
    write(limits, nowMs) {
        this.#isChanged = false;
        if (!limits)
            return undefined;
        const isBatched = this.#isBusy && !this.#isQuiet(nowMs) && limits.specs.every(hasBatch);
        const batches = [this.#first, ...(this.#others ?? [])];
        const states = limits.all.map((limit, index) => {
            const spec = isBatched ? limits.specs[index] : undefined;
            return batches[index]?.next(limit, spec, nowMs) ?? limit.toJSON();
        });
        this.#isSettled = batches.every(({ remaining }) => remaining === 0);
        this.#untilMs = nowMs + LENT_MS - CLOCK_MARGIN_MS;
        return states;
    }
    /**
     * A clock that has jumped back doesn't say when the last grant was, so no batch is kept because of
     * it.
     */
    #isQuiet(nowMs) {
        return nowMs >= this.#grantedAtMs + QUIET_MS || nowMs < this.#grantedAtMs;
    }
}
/** @param others The batches after the first. */
function noteTaken(others, cost) {
    let index = 0;
    for (const batch of others) {
        index += 1;
        batch.remaining -= tokensOf(cost, index);
    }
}
function isUsedUp({ remaining }) {
    return remaining < 0;
}
/** Whether a limit may be written ahead. Where one may not, each grant is written, and batches would only be lost. */
function hasBatch({ kind, fields }) {
    return kind.maxBatch(fields) > 0;
}
/** What is written ahead of one limit. */
class Batch {
    /** Tokens that may be granted before the disk must know. */
    remaining = 0;
    /**
     * What was out when the limit was restored, until it ends; that includes the batches of earlier
     * instances. It only makes a batch smaller, so loans end in it only when one is taken: one that ends late
     * costs writes, one that ends early, at an instant to which the clock jumped and from which it came back,
     * could cost a second batch.
     */
    #found;
    constructor(found = new LentTokens()) {
        this.#found = found;
    }
    copy() {
        const copy = new Batch(this.#found.copy());
        copy.remaining = this.remaining;
        return copy;
    }
    /** Takes the next batch of `limit`, none without a `spec`, and returns what the disk is to know. */
    next(limit, spec, nowMs) {
        this.remaining = 0;
        if (!spec)
            return limit.toJSON();
        this.#found.endBy(nowMs);
        const max = spec.kind.maxBatch(spec.fields);
        const largest = Math.max(0, max - this.#found.tokens);
        const isAhead = spec.kind.batchFrom === "ticks" && limit.pausedUntilMs === undefined;
        const batch = isAhead ? largest : Math.min(largest, Math.max(0, limit.tokens));
        this.remaining = batch;
        if (batch === 0)
            return limit.toJSON();
        const durable = limit.copy();
        durable.lend(batch, nowMs + LENT_MS);
        invariants?.writtenAhead(batch, max, limit.tokens, durable.tokens);
        return durable.toJSON();
    }
}
