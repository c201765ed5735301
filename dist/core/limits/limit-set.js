import { lacks, msUntilHas, tokensOf } from "./cost.js";
import { FurtherLimits } from "./further-limits.js";
import { Permits, PERMITS_LIMIT } from "./permits.js";
import { Reserves } from "./reserves.js";
/**
 * All limits of one bucket.
 *
 * @example
 * const limits = LimitSet.start(policy.limits, 0);
 * limits.tryTake(1); // true, if each of them has one
 * limits.availableAt(1); // when each of them has another one
 */
export class LimitSet {
    #specs;
    /** Of the limits but for permits, in order. */
    #names;
    #first;
    /** `undefined` if there is one limit. */
    #others;
    /** The last limit, if it is permits. */
    #permits;
    /** `undefined` before the first hold. */
    #reserves = undefined;
    /** Grants that end by themselves; `undefined` before the first. */
    #ends = undefined;
    constructor(specs, names, first, others) {
        this.#specs = specs;
        this.#names = names;
        this.#first = first;
        this.#others = others;
        this.#permits = others && permitsOf(others);
    }
    static #of(specs, limits) {
        const { first, others } = split(limits);
        return new LimitSet(specs, namesOf(specs), first, others);
    }
    /**
     * Limits that start now, epoch milliseconds.
     *
     * @throws {RangeError} If there is no spec.
     */
    static start(specs, nowMs) {
        const limits = specs.map(({ kind, fields }) => kind.start(fields, nowMs));
        return LimitSet.#of(specs, limits);
    }
    /**
     * The limits that `toJSON` described.
     *
     * @throws {RangeError} If there is no state for one of the specs, or more states than specs, or a
     * limit can't be in its state.
     */
    static restore(specs, states) {
        if (states.length !== specs.length) {
            throw new RangeError(`Cannot restore ${specs.length} limits from ${states.length} states`);
        }
        const limits = specs.map(({ kind, fields }, index) => {
            const state = states[index];
            if (state?.kind === kind.name)
                return kind.restore(fields, state);
            throw new RangeError(`Cannot restore a limit of kind ${kind.name} from ${state?.kind}`);
        });
        return LimitSet.#of(specs, limits);
    }
    /** What each limit was made from, in order. */
    get specs() {
        return this.#specs;
    }
    /** The first limit, which every bucket has: its flat fields, and the one that is lent from. */
    get first() {
        return this.#first;
    }
    /** All limits, in order. */
    get all() {
        return this.#others ? [this.#first, ...this.#others.all] : [this.#first];
    }
    /** The further limits but for permits, with their names, in order; `undefined` if there are none. */
    get further() {
        if (!this.#hasFurther)
            return undefined;
        const limits = this.all;
        return this.#names.slice(1).flatMap((name, index) => {
            const limit = limits[index + 1];
            return limit ? [[name, limit]] : [];
        });
    }
    /** Whether there is one limit, and no permits. */
    get isSingle() {
        return this.#others === undefined;
    }
    /** The permits, if the policy limits how many grants run at a time. */
    get permits() {
        return this.#permits;
    }
    /** Whether forecasts are estimates, because permits come back when their holders are done. */
    get isEstimate() {
        return this.#permits !== undefined;
    }
    /** The names of the limits but for permits, in order. */
    get names() {
        return this.#names;
    }
    /** What may still come back of holds. */
    get reserves() {
        return this.#reserves;
    }
    get #hasFurther() {
        return this.#others !== undefined && this.#others.all.length > (this.#permits ? 1 : 0);
    }
    /** See `Limit`; `undefined` for several limits, whose order of waiters decides. */
    get closedForm() {
        return this.#others ? undefined : this.#first.closedForm;
    }
    /** The last instant that counts, epoch milliseconds: the latest of all limits. */
    get reachedAtMs() {
        const { reachedAtMs } = this.#first;
        return this.#others ? this.#others.latestOf(reachedAtMs) : reachedAtMs;
    }
    /**
     * An instant that is known to have passed, epoch milliseconds. During a pause that is the start, since
     * nothing has come in that would show more.
     */
    get passedAtMs() {
        const { startedAtMs, pausedUntilMs } = this.#first;
        return pausedUntilMs === undefined ? this.reachedAtMs : startedAtMs;
    }
    /** Whether nothing is out. */
    get isWhole() {
        return this.#first.lent === undefined && !this.#others?.all.some(({ lent }) => lent);
    }
    /**
     * The instant of what happens now, epoch milliseconds. If the clock jumps back behind the last instant
     * that the limits had reached, time stands still there, for this and every later instance, so no token
     * is granted at an instant before it came in.
     */
    instantOf(nowMs) {
        return Math.max(nowMs, this.reachedAtMs);
    }
    /** Lets time pass up to and including `nowMs`, epoch milliseconds. */
    advance(nowMs) {
        if (this.#ends) {
            this.#advanceAcross(this.#ends, nowMs);
            return;
        }
        this.#first.advance(nowMs);
        if (this.#others)
            this.#others.advance(nowMs);
    }
    /** End by end: a tick writes off what is still reserved when it falls, however late it is added. */
    #advanceAcross(ends, nowMs) {
        for (;;) {
            const endAtMs = ends.nextEndAtMs;
            const untilMs = Math.min(endAtMs, nowMs);
            if (this.#reserves)
                this.#advanceAccounts(this.#reserves, untilMs);
            else
                for (const limit of this.all)
                    limit.advance(untilMs);
            if (endAtMs > nowMs)
                return;
            for (const hold of ends.expire(endAtMs))
                this.#reserves?.end(hold);
        }
    }
    #advanceAccounts(reserves, nowMs) {
        const limits = this.all;
        for (const [index, { name }] of this.#specs.entries()) {
            const limit = limits[index];
            if (limit)
                reserves.advance(name, limit, nowMs);
        }
    }
    /** Whether the limits can ever have `cost` at one instant. */
    fits(cost) {
        if (tokensOf(cost, 0) > this.#first.capacity)
            return false;
        return this.#others === undefined || this.#others.fits(cost);
    }
    /** Whether `cost` is there now. Nothing is always there, even if a limit is below 0. */
    has(cost) {
        if (lacks(this.#first, tokensOf(cost, 0)))
            return false;
        return this.#others === undefined || this.#others.has(cost);
    }
    /** When `cost`, which fits, is there if nobody takes any, epoch milliseconds; rounded beyond 2^53. */
    availableAt(cost) {
        const fromMs = this.#first.reachedAtMs;
        return fromMs + this.msUntil(cost, fromMs);
    }
    /**
     * How long after `fromMs` that is, in milliseconds; 0 or less if it is there now. What is there stays
     * there, so it is when the last of the limits has its part.
     */
    msUntil(cost, fromMs) {
        const ms = msUntilHas(this.#first, tokensOf(cost, 0), fromMs);
        return this.#others ? this.#others.msUntil(cost, fromMs, ms) : ms;
    }
    /**
     * The names of the limits that can't ever have their part of `cost`; `undefined` if there is one limit.
     */
    namesOver(cost) {
        return this.#namesOf((limit, index) => tokensOf(cost, index) > limit.capacity);
    }
    /**
     * The names of the limits that don't have their part of `cost` now, and not before `atMs` is over;
     * `undefined` if there is one limit.
     */
    namesLater(cost, atMs) {
        return this.#namesOf((limit, index) => {
            const tokens = tokensOf(cost, index);
            return lacks(limit, tokens) && limit.msUntil(tokens, atMs) > 0;
        });
    }
    /** The name of the limit that has its part of `cost` last; `undefined` if there is one limit. */
    nameOfLast(cost) {
        if (!this.#others)
            return undefined;
        const fromMs = this.#first.reachedAtMs;
        const lastMs = this.msUntil(cost, fromMs);
        const index = this.all.findIndex((limit, at) => {
            return msUntilHas(limit, tokensOf(cost, at), fromMs) === lastMs;
        });
        return this.#specs[index]?.name;
    }
    /** Takes `cost` and returns `true` if it is there; otherwise takes nothing and returns `false`. */
    tryTake(cost) {
        const first = this.#first;
        const tokens = tokensOf(cost, 0);
        if (lacks(first, tokens) || (this.#others && !this.#others.has(cost)))
            return false;
        first.take(tokens);
        if (this.#others)
            this.#others.take(cost);
        return true;
    }
    /** From now on, `ends` end while time passes. */
    endWith(ends) {
        this.#ends = ends;
    }
    /** Reserves of each limit, permits aside, what has just been taken by a hold for `cost`. */
    reserve(cost) {
        const reserves = (this.#reserves ??= new Reserves());
        const limits = this.#names.map((name, index) => {
            const reserved = tokensOf(cost, index);
            return [name, { reserved, spent: 0, start: reserves.of(name).add(reserved) }];
        });
        return Object.fromEntries(limits);
    }
    /**
     * Puts back up to `tokens` of what a hold has reserved of a limit, as far as they may still come back, and returns
     * how many came back. The hold has ended.
     */
    giveBack(name, start, tokens) {
        const [limit] = this.named([name]);
        const back = Math.min(tokens, this.#reserves?.of(name).remove(start) ?? 0);
        return limit && back > 0 ? limit.giveBack(back) : 0;
    }
    /**
     * What may still come back of `holds`: all that were on the disk, those that are over too.
     *
     * @param writtenOff See `Reserves`.
     */
    restoreReserves(holds, writtenOff) {
        const reserves = new Reserves(writtenOff);
        for (const [index, limit] of this.all.entries()) {
            const name = this.#names[index];
            if (name !== undefined)
                reserves.restore(name, limit, holds);
        }
        this.#reserves = reserves;
    }
    /** Takes what is owed, below zero if need be. What is owed of a limit that is gone is gone, too. */
    takeOwed(owed) {
        const limits = this.all;
        for (const [index, { name }] of this.#specs.entries()) {
            if (Object.hasOwn(owed, name))
                limits[index]?.take(owed[name] ?? 0);
        }
    }
    /** These limits as they are once `owed` has been taken; a copy, unless nothing is owed. */
    owing(owed) {
        if (!owed)
            return this;
        const copy = this.copy();
        copy.takeOwed(owed);
        return copy;
    }
    /** Takes `cost`, which is there. */
    take(cost) {
        this.#first.take(tokensOf(cost, 0));
        if (this.#others)
            this.#others.take(cost);
    }
    /**
     * Switches to other limits. One that has the same name goes on with its tokens, cut to the new capacity,
     * even if it is of another kind; one that is new starts now; one that is no longer named is gone. Returns
     * whether all of them are as many and the same as before.
     *
     * @throws {RangeError} If there is no spec.
     */
    reconfigure(specs, nowMs) {
        this.advance(nowMs);
        // Behind it, a limit that starts, or its new grid, would bring again what has come in by then.
        const startAtMs = this.instantOf(nowMs);
        const known = new Map(this.#specs.map(({ name, kind }, index) => [name, { kind, index }]));
        const limits = this.all;
        const next = specs.map(({ name, kind, fields }) => {
            const before = known.get(name);
            const limit = before && limits[before.index];
            if (!limit)
                return kind.start(fields, startAtMs);
            if (before.kind !== kind)
                return successorOf(limit, kind, fields, startAtMs);
            limit.reconfigure(fields, startAtMs);
            return limit;
        });
        const { first, others } = split(next);
        this.#specs = specs;
        this.#names = namesOf(specs);
        this.#first = first;
        this.#others = others;
        this.#permits = others && permitsOf(others);
        if (this.#reserves) {
            this.#reserves.keepOnly(this.#names);
            // A lower capacity leaves less room.
            this.advance(nowMs);
        }
        return next.length === limits.length && next.every((limit, index) => limit === limits[index]);
    }
    /** The limits with one of these names, in order; the first limit if none are given. */
    named(names = [this.#specs[0]?.name ?? ""]) {
        return this.all.filter((_, index) => names.includes(this.#specs[index]?.name ?? ""));
    }
    /** What `cost`, which has just been taken, was of the further limits; `undefined` if there are none. */
    furtherGrants(cost) {
        return this.#hasFurther ? this.#others?.grantsOf(cost, this.#names) : undefined;
    }
    /** A second set in the same state, which shares nothing with this one. It doesn't know of holds. */
    copy() {
        return new LimitSet(this.#specs, this.#names, this.#first.copy(), this.#others?.copy());
    }
    /**
     * A second set that knows of holds, too.
     *
     * @param ends Those of the copy, if grants end here.
     */
    copyWithHolds(ends) {
        const copy = this.copy();
        copy.#reserves = this.#reserves?.copy();
        copy.#ends = this.#ends && ends;
        return copy;
    }
    /** A copy to be run ahead of time, in which permits come back when they probably will. */
    estimate() {
        const limits = this.all;
        const copies = limits.map((limit) => limit === this.#permits ? this.#permits.estimate() : limit.copy());
        const { first, others } = split(copies);
        return new LimitSet(this.#specs, this.#names, first, others);
    }
    /** The state of each limit, for `restore`. */
    toJSON() {
        return this.all.map((limit) => limit.toJSON());
    }
    #namesOf(isMeant) {
        if (!this.#others)
            return undefined;
        const limits = this.all;
        return this.#names.filter((_, index) => {
            const limit = limits[index];
            return limit && isMeant(limit, index);
        });
    }
}
function namesOf(specs) {
    return specs.map(({ name }) => name).filter((name) => name !== PERMITS_LIMIT);
}
function permitsOf({ all }) {
    const last = all.at(-1);
    return last instanceof Permits ? last : undefined;
}
function split(limits) {
    const [first, ...others] = limits;
    if (!first)
        throw new RangeError("A bucket needs a limit");
    return { first, others: others.length > 0 ? new FurtherLimits(others) : undefined };
}
/**
 * A limit of another kind that goes on where `before` is: with its tokens, what is out of it, and its pause. What
 * that has put aside is lost, as the pauses of the other kind would lose it.
 */
function successorOf(before, kind, fields, nowMs) {
    const limit = kind.start({ ...fields, initialTokens: fields.capacity }, nowMs);
    for (const sum of before.lent?.toJSON() ?? [])
        limit.lend(sum.tokens, sum.untilMs);
    // If more is out than there is room for, it is empty, and owes nothing: the rest is put back.
    limit.take(limit.tokens - Math.min(before.tokens, Math.max(0, limit.tokens)));
    const { pausedUntilMs } = before;
    if (pausedUntilMs !== undefined)
        limit.pause(pausedUntilMs, limit.capacity, nowMs);
    return limit;
}
