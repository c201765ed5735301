import { Holds } from "./holds/holds.js";
import { tokensOf } from "./limits/cost.js";
import { Stats } from "./stats.js";
import { WriteAhead } from "./write-ahead.js";
/** The longest duration that is reported, in milliseconds: integers in JSON aren't exact beyond it. */
const MAX_REPORTED_MS = 2 ** 53 - 1;
const ESTIMATE = { estimate: true };
const NOBODY = [];
/** Of a turn whose effects are kept back. */
const NO_EFFECTS = {
    settled: NOBODY,
    wakeAtMs: undefined,
    write: undefined,
    rows: undefined,
    flushInMs: undefined,
};
/** The books of one limiter. */
export class Ledger {
    #stats = new Stats();
    /** `undefined` if nothing is durable. */
    #writeAhead;
    /** `undefined` before the first grant of which something may come back. */
    #holds = undefined;
    #newId;
    /** See `LimiterOptions`. */
    #sessionOf;
    /** Of the permits before a reset. */
    #earlierFence;
    /** Of the turn under way; `undefined` as long as there are none. */
    #settled = undefined;
    /** Whether the effects of turns are kept back for the turn that ends the batch. */
    #isBatch = false;
    /** @param isDurable Whether turns say what to write. */
    constructor(isDurable, { newId, lastFence = 0, sessionOf }) {
        this.#writeAhead = isDurable ? new WriteAhead() : undefined;
        this.#newId = newId;
        this.#earlierFence = lastFence;
        this.#sessionOf = sessionOf;
    }
    /** The books of a state that is on the disk, whose limits are restored. */
    static from({ state, rows }, limits, options) {
        const ledger = new Ledger(true, options);
        if (rows.length > 0) {
            ledger.#holds = new Holds(options.newId);
            ledger.#holds.restore(rows, limits, state.writtenOff ?? {});
        }
        ledger.#writeAhead = new WriteAhead(limits);
        ledger.#stats = Stats.from(state);
        if (limits)
            ledger.#stats.keepLimits(furtherNames(limits));
        return ledger;
    }
    /** Other books, with the same in them. */
    copy() {
        const options = { newId: this.#newId, lastFence: this.#earlierFence };
        const copy = new Ledger(false, { ...options, sessionOf: this.#sessionOf });
        copy.#stats = this.#stats.copy();
        copy.#writeAhead = this.#writeAhead?.copy();
        copy.#holds = this.#holds?.copy();
        copy.#settled = this.#settled && [...this.#settled];
        copy.#isBatch = this.#isBatch;
        return copy;
    }
    /** The grants of which something may come back; `undefined` before the first. */
    get holds() {
        return this.#holds;
    }
    /** The highest fence of a permit so far, before a reset too; 0 if there has been none. */
    get lastFence() {
        return this.#holds?.lastFence ?? this.#earlierFence;
    }
    /** What has been done since the bucket started, beyond the counts of `view`. */
    get stats() {
        return this.#stats.view();
    }
    /**
     * A caller has its tokens: they have just been taken of `limits`, in a turn at `nowMs` by the clock.
     */
    granted({ caller, tokens: cost, queuedAtMs, holdMs }, limits, nowMs) {
        const grantedAtMs = limits.instantOf(nowMs);
        const tokens = tokensOf(cost, 0);
        const hasWaited = queuedAtMs !== undefined && queuedAtMs < grantedAtMs;
        const waitedMs = hasWaited ? Math.round(grantedAtMs - queuedAtMs) : 0;
        this.#stats.noteGrant(cost, waitedMs);
        // A cost of 0 is there even if the limit is below that.
        const remaining = Math.max(0, limits.first.tokens);
        const outcome = { ok: true, tokens, remaining, waitedMs, grantedAtMs };
        if (holdMs === undefined && limits.isSingle) {
            this.#writeAhead?.noteGrant(cost, nowMs);
            this.#settle({ caller, outcome });
            return;
        }
        const further = limits.furtherGrants(cost);
        const granted = further ? { ...outcome, limits: further } : outcome;
        if (holdMs !== undefined || limits.permits) {
            const sessionId = limits.permits && this.#sessionOf?.(caller);
            const opened = this.#open(limits, { cost, grantedAtMs, holdMs, sessionId });
            this.#settle({ caller, outcome: { ...granted, ...opened } });
            return;
        }
        this.#writeAhead?.noteGrant(cost, nowMs);
        this.#settle({ caller, outcome: granted });
    }
    /** Its row is written in this turn, and the tokens with it: there is nothing to be ahead of. */
    #open(limits, opening) {
        this.#holds ??= new Holds(this.#newId, this.#earlierFence);
        this.changed();
        return this.#holds.open(limits, opening);
    }
    /**
     * A caller gets nothing.
     *
     * @param retryInMs Until the same request would be granted, if that is known.
     */
    refused(caller, reason, retryInMs, { names: violatedLimits, isEstimate = false } = {}) {
        this.#stats.noteRefusal(reason);
        const retryAfterMs = Math.min(Math.max(0, retryInMs ?? 0), MAX_REPORTED_MS);
        const outcome = {
            ok: false,
            reason,
            ...(retryInMs !== undefined && { retryAfterMs }),
            ...(violatedLimits && { violatedLimits }),
            ...(isEstimate && retryInMs !== undefined && ESTIMATE),
        };
        this.#settle({ caller, outcome });
    }
    /** A waiter has left. */
    cancelled() {
        this.#stats.noteCancel();
    }
    /** An isolate has granted `tokens` to `callers` from its leases. */
    leased(tokens, callers) {
        this.#stats.noteLeased(tokens, callers);
        this.changed();
    }
    /** Something besides grants must be written: a start, a pause, a lease, a new policy. */
    changed() {
        this.#writeAhead?.noteChange();
    }
    /** The limits are others now, so nothing that is written ahead covers a grant any more. */
    limitsReplaced(limits) {
        this.#writeAhead &&= new WriteAhead(limits);
        this.#stats.keepLimits(furtherNames(limits));
        this.changed();
    }
    /** The bucket is forgotten. */
    reset() {
        this.#earlierFence = this.lastFence;
        this.#holds = undefined;
        this.#stats = new Stats();
        this.#writeAhead &&= new WriteAhead();
        this.changed();
    }
    /** From now on turns have no effects until `endBatch`. */
    beginBatch() {
        this.#isBatch = true;
    }
    /** The next turn has the effects of all turns of the batch. */
    endBatch() {
        this.#isBatch = false;
    }
    /**
     * The effects of the turn, which is done. What is booked from here on belongs to the next one; in a batch, what was
     * booked so far does, too.
     *
     * @param queue What is owed there hasn't been taken yet; by default nothing is.
     */
    endTurn(limits, nowMs, wakeAtMs, waiter, cancelled, lease, queue) {
        if (this.#isBatch)
            return keptBack(waiter, cancelled, lease);
        const settled = this.#settled ?? NOBODY;
        this.#settled = undefined;
        const rows = this.#holds && this.#changedRows(this.#holds);
        const ahead = this.#writeAhead;
        const write = ahead?.isDue(nowMs)
            ? this.#written(ahead, limits, queue?.owed, nowMs)
            : undefined;
        const flushInMs = ahead?.flushInMs(nowMs);
        return { settled, waiter, cancelled, lease, wakeAtMs, write, rows, flushInMs };
    }
    /** What of the open grants must be written with this turn. */
    #changedRows(holds) {
        const rows = holds.takeChanged();
        if (rows)
            this.changed();
        return this.#writeAhead && rows;
    }
    /** What is owed is on the disk as if it had been taken. */
    #written(ahead, limits, owed, nowMs) {
        return this.state(ahead.write(limits?.owing(owed), nowMs), limits);
    }
    /** Most turns settle one caller, and a list of one takes an eighth of what `push` makes room for. */
    #settle(settlement) {
        if (this.#settled)
            this.#settled.push(settlement);
        else
            this.#settled = [settlement];
    }
    /** What a limiter shows: its limits, as of `nowMs`, and its queue. */
    view(limits, queue, nowMs, { lease, hold }) {
        const { granted, refused, cancelled } = this.#stats;
        const { nextTickAtMs, tokens, ...paused } = viewOf(limits.first);
        const headLimit = queue.headLimit(limits);
        const further = limits.further?.map(([name, limit]) => [name, viewOf(limit)]);
        return {
            tokens,
            waiters: queue.size,
            queuedTokens: queue.tokens,
            nextTickAtMs,
            ...paused,
            granted,
            refused,
            cancelled,
            ...(lease && { leasedTokens: limits.first.lent?.tokens ?? 0 }),
            ...((hold || (this.#holds && (this.#holds.hasOpenHolds || isOwing(limits, queue)))) &&
                this.#heldView(limits, queue, limits.instantOf(nowMs))),
            ...(limits.permits && { permits: this.#permitsView(limits.permits) }),
            ...(further && { limits: Object.fromEntries(further) }),
            ...(headLimit !== undefined && { headLimit }),
        };
    }
    #heldView(limits, { owed }, nowMs) {
        const { names, all } = limits;
        const owedTokens = names.map((name, index) => {
            return [name, (owed?.[name] ?? 0) + Math.max(0, -(all[index]?.tokens ?? 0))];
        });
        const none = Object.fromEntries(names.map((name) => [name, 0]));
        return {
            heldTokens: this.#holds?.heldTokens(names, nowMs) ?? none,
            owedTokens: Object.fromEntries(owedTokens),
        };
    }
    #permitsView({ capacity: max, tokens, reachedAtMs }) {
        const oldestAtMs = this.#holds?.oldestPermitAtMs(reachedAtMs);
        return { max, held: max - tokens, ...(oldestAtMs !== undefined && { oldestAtMs }) };
    }
    /** A limiter's state, if that of its limits is `states`. */
    state(states, limits) {
        const writtenOff = limits?.reserves?.toJSON();
        return {
            ...(states && { limits: states }),
            ...(writtenOff && { writtenOff }),
            ...this.#stats.toJSON(),
        };
    }
}
/** A turn of a batch. Apart, so that a turn by itself is short enough to be compiled into its caller. */
function keptBack(waiter, cancelled, lease) {
    return { ...NO_EFFECTS, waiter, cancelled, lease };
}
function isOwing({ all }, { owed }) {
    return owed !== undefined || all.some(({ tokens }) => tokens < 0);
}
function furtherNames({ specs }) {
    return specs.slice(1).map(({ name }) => name);
}
function viewOf(limit) {
    const { nextGainAtMs, pausedUntilMs } = limit;
    const view = { tokens: Math.max(0, limit.tokens), nextTickAtMs: nextGainAtMs };
    return pausedUntilMs === undefined ? view : { ...view, ...pauseOf(limit, pausedUntilMs) };
}
/** What is shown of a pause besides what it leaves. */
function pauseOf(limit, pausedUntilMs) {
    const ended = limit.copy();
    ended.advance(pausedUntilMs);
    const pausedTokens = Math.max(0, ended.tokens) - Math.max(0, limit.tokens);
    return { pausedUntilMs, ...(pausedTokens > 0 && { pausedTokens }) };
}
