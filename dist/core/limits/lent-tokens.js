/**
 * Tokens that are out: they have left a limit and aren't spent yet. Somebody has them until they are
 * spent or returned, or until the loan ends: an isolate its lease, the disk a write-ahead batch.
 *
 * It isn't known here who has them. A loan is identified like a banknote, by its amount and its end.
 * What is kept is one sum for each instant at which loans end, and the lender sees to it that there are
 * few such instants (see `leaseEndAtMs`), so ten thousand loans take no more room than one.
 */
import { invariants } from "../invariants.js";
/**
 * The tokens of one limit that are out, earliest end first.
 *
 * @example
 * const lent = new LentTokens();
 * lent.add(5, 1_000);
 * lent.remove(2, 1_000); // 2
 * lent.tokens; // 3
 * lent.endBy(1_000);
 * lent.tokens; // 0
 */
export class LentTokens {
    #sums;
    #tokens;
    constructor(sums = []) {
        this.#sums = sums.map(({ untilMs, tokens }) => ({ untilMs, tokens }));
        this.#tokens = this.#sums.reduce((all, { tokens }) => all + tokens, 0);
    }
    /** All tokens that are out. */
    get tokens() {
        return this.#tokens;
    }
    /** When the next loan ends, epoch milliseconds; `Infinity` without loans. */
    get nextEndAtMs() {
        return this.#sums[0]?.untilMs ?? Infinity;
    }
    /** When so many will have ended, epoch milliseconds; `Infinity` if there aren't as many. */
    endAtMsOf(tokens) {
        let missing = tokens;
        for (const sum of this.#sums) {
            missing -= sum.tokens;
            if (missing <= 0)
                return sum.untilMs;
        }
        return Infinity;
    }
    /** Adds `tokens` that end at `untilMs`, epoch milliseconds. */
    add(tokens, untilMs) {
        // Nearly always it is the latest.
        const index = this.#sums.findLastIndex((sum) => sum.untilMs <= untilMs);
        const sum = this.#sums[index];
        this.#tokens += tokens;
        if (sum?.untilMs === untilMs) {
            this.#sums[index] = { untilMs, tokens: sum.tokens + tokens };
        }
        else {
            this.#sums.splice(index + 1, 0, { untilMs, tokens });
        }
        invariants?.lent(this.#sums, this.#tokens);
    }
    /**
     * Removes up to `tokens` of those that end at `untilMs`, and returns how many: 0 once they have
     * ended.
     */
    remove(tokens, untilMs) {
        const index = this.#sums.findIndex((sum) => sum.untilMs === untilMs);
        const sum = this.#sums[index];
        if (!sum)
            return 0;
        const removed = Math.min(tokens, sum.tokens);
        this.#tokens -= removed;
        if (removed === sum.tokens)
            this.#sums.splice(index, 1);
        else
            this.#sums[index] = { untilMs, tokens: sum.tokens - removed };
        invariants?.lent(this.#sums, this.#tokens);
        return removed;
    }
    /** Ends every loan whose time is up at `nowMs`, and returns their tokens. */
    endBy(nowMs) {
        let ended = 0;
        while (this.nextEndAtMs <= nowMs)
            ended += this.#sums.shift()?.tokens ?? 0;
        this.#tokens -= ended;
        return ended;
    }
    /** The same sums, which share nothing with these. */
    copy() {
        return new LentTokens(this.#sums);
    }
    /** The sums, for the constructor. */
    toJSON() {
        return this.#sums.map((sum) => ({ ...sum }));
    }
}
