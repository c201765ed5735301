import { lacks, msUntilHas, tokensOf } from "./cost.js";
/** Limits that are taken from together, the first of which has the index 1 in costs. */
export class FurtherLimits {
    all;
    constructor(all) {
        this.all = all;
    }
    /** The later of `firstAtMs` and the last instants that count for each of them, epoch milliseconds. */
    latestOf(firstAtMs) {
        let atMs = firstAtMs;
        for (const { reachedAtMs } of this.all)
            if (reachedAtMs > atMs)
                atMs = reachedAtMs;
        return atMs;
    }
    /** Lets time pass up to and including `nowMs`, epoch milliseconds. */
    advance(nowMs) {
        for (const limit of this.all)
            limit.advance(nowMs);
    }
    /** Whether they can ever have their parts of `cost`. */
    fits(cost) {
        let index = 0;
        for (const { capacity } of this.all) {
            index += 1;
            if (tokensOf(cost, index) > capacity)
                return false;
        }
        return true;
    }
    /** Whether their parts of `cost` are there now. */
    has(cost) {
        let index = 0;
        for (const limit of this.all) {
            index += 1;
            if (lacks(limit, tokensOf(cost, index)))
                return false;
        }
        return true;
    }
    /** How long after `fromMs` the last of them has its part of `cost`, but at least `firstMs`. */
    msUntil(cost, fromMs, firstMs) {
        let ms = firstMs;
        let index = 0;
        for (const limit of this.all) {
            index += 1;
            const own = msUntilHas(limit, tokensOf(cost, index), fromMs);
            if (own > ms)
                ms = own;
        }
        return ms;
    }
    /** Takes their parts of `cost`, which are there. */
    take(cost) {
        let index = 0;
        for (const limit of this.all) {
            index += 1;
            limit.take(tokensOf(cost, index));
        }
    }
    /** What `cost`, which has just been taken, was of each that `names` names, behind the first limit. */
    grantsOf(cost, names) {
        const grants = {};
        let index = 0;
        for (const limit of this.all) {
            index += 1;
            const name = names[index];
            // A cost of 0 is there even if the limit is below that.
            const remaining = Math.max(0, limit.tokens);
            if (name !== undefined)
                grants[name] = { tokens: tokensOf(cost, index), remaining };
        }
        return grants;
    }
    /** Others in the same state, which share nothing with these. */
    copy() {
        return new FurtherLimits(this.all.map((limit) => limit.copy()));
    }
}
