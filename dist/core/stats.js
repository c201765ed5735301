import { tokensOf } from "./limits/cost.js";
/**
 * The longest wait of each class, in milliseconds; a last class holds everything longer. Changing these
 * changes the format of the stored state, whose counts refer to them.
 */
export const WAIT_BOUNDS_MS = [
    0, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000,
    3_600_000,
];
/**
 * The statistics of one bucket.
 *
 * @example
 * const stats = new Stats();
 * stats.noteGrant(2, 30);
 * stats.view().waits; // [0, 0, 0, 1, 0, …]: more than 25 ms, at most 50
 */
export class Stats {
    #granted = 0;
    #refusals = 0;
    #cancelled = 0;
    #grantedTokens = 0;
    /** The further limits, and the tokens granted of each: two lists in one order. */
    #furtherNames = [];
    #furtherTokens = [];
    /** Immediate grants: the first class, kept apart because nearly all grants fall into it. */
    #immediate = 0;
    /** The classes from the second on. */
    #waits = WAIT_BOUNDS_MS.map(() => 0);
    #waitedMs = 0;
    #refused = {};
    /** The statistics of a state. Sums that it lacks, as states of old formats do, start at 0. */
    static from({ granted, refused, cancelled, tally }) {
        const stats = new Stats();
        stats.#granted = granted;
        stats.#refusals = refused;
        stats.#cancelled = cancelled;
        if (!tally)
            return stats;
        const [immediate = 0, ...others] = tally.waits;
        stats.#grantedTokens = tally.grantedTokens;
        stats.#furtherNames = Object.keys(tally.furtherTokens ?? {});
        stats.#furtherTokens = Object.values(tally.furtherTokens ?? {});
        stats.#immediate = immediate;
        for (const [index, count] of others.entries())
            stats.#waits[index] = count;
        stats.#waitedMs = tally.waitedMs;
        stats.#refused = { ...tally.refused };
        return stats;
    }
    /** Others with the same sums. */
    copy() {
        const { granted, refused, cancelled } = this;
        const copy = Stats.from({ granted, refused, cancelled, tally: this.view() });
        copy.keepLimits(this.#furtherNames);
        return copy;
    }
    get granted() {
        return this.#granted;
    }
    get refused() {
        return this.#refusals;
    }
    get cancelled() {
        return this.#cancelled;
    }
    /** A caller has been granted `cost` after `waitedMs`. */
    noteGrant(cost, waitedMs) {
        this.#granted += 1;
        this.#grantedTokens += tokensOf(cost, 0);
        const further = this.#furtherTokens;
        for (let index = 0; index < further.length; index += 1) {
            further[index] = (further[index] ?? 0) + tokensOf(cost, index + 1);
        }
        if (waitedMs <= 0) {
            this.#immediate += 1;
            return;
        }
        const index = classOf(waitedMs) - 1;
        this.#waits[index] = (this.#waits[index] ?? 0) + 1;
        this.#waitedMs += waitedMs;
    }
    /**
     * From now on these are the further limits, in the order of a cost. One that was there before goes on from
     * its sum; one that comes back later starts at 0.
     */
    keepLimits(names) {
        this.#furtherTokens = names.map((name) => {
            return this.#furtherTokens[this.#furtherNames.indexOf(name)] ?? 0;
        });
        this.#furtherNames = names;
    }
    /** An isolate has granted `tokens` to `callers` from its leases; none of them waited. */
    noteLeased(tokens, callers) {
        this.#granted += callers;
        this.#grantedTokens += tokens;
        this.#immediate += callers;
    }
    /** A caller has been refused. */
    noteRefusal(reason) {
        this.#refusals += 1;
        this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
    }
    /** A waiter has left. */
    noteCancel() {
        this.#cancelled += 1;
    }
    /** The sums as they are now. */
    view() {
        const further = this.#furtherNames
            .map((name, index) => [name, this.#furtherTokens[index] ?? 0])
            .filter(([, tokens]) => tokens > 0);
        return {
            grantedTokens: this.#grantedTokens,
            ...(further.length > 0 && { furtherTokens: Object.fromEntries(further) }),
            refused: { ...this.#refused },
            waits: [this.#immediate, ...this.#waits],
            waitedMs: this.#waitedMs,
        };
    }
    /** For `Stats.from`: without trailing empty classes, and without a tally if nothing has been done. */
    toJSON() {
        const counts = {
            granted: this.#granted,
            refused: this.#refusals,
            cancelled: this.#cancelled,
        };
        const view = this.view();
        const used = view.waits.findLastIndex((count) => count > 0) + 1;
        if (used === 0 && Object.keys(view.refused).length === 0)
            return counts;
        return { ...counts, tally: { ...view, waits: view.waits.slice(0, used) } };
    }
}
/** Index of the class that a wait falls into, from 0. */
function classOf(waitedMs) {
    const index = WAIT_BOUNDS_MS.findIndex((boundMs) => waitedMs <= boundMs);
    return index < 0 ? WAIT_BOUNDS_MS.length : index;
}
