/**
 * Reserved tokens: what may still come back of holds, in one limit.
 *
 * Three things are out of a limit, and they differ in what they do to it:
 * - **A lease and a write-ahead batch** (lent-tokens.ts) occupy it. Ticks fill it no further than the rest of
 *   its capacity, and at their end they are spent.
 * - **A hold** occupies nothing. Its tokens are taken like those of any grant, and ticks fill the limit as if
 *   they were spent. What ticks have made good doesn't come back any more; the rest does, once the hold is
 *   settled for less. At its end it is spent.
 * - **A permit** (permits.ts) occupies it, and at its end it comes back.
 *
 * **Giving back never makes too much.** At any instant, what is there, what occupies the limit, and what may
 * still come back come to at most the capacity: when ticks leave less room than is reserved, the rest is
 * written off, of the oldest holds first. So in any window, a first call finds at most the capacity, whether it
 * is there or comes back during the window, and the bound of the kind holds: a hold that is granted in the window
 * counts with what was reserved less what came back.
 *
 * The tokens of all holds are numbered in the order in which they were reserved, and what is written off are all
 * numbers below a mark. So the account is one number and the beginning of each hold, and a restart finds it again
 * (holds/open-grants.ts).
 */
/**
 * What may still come back, in one limit.
 *
 * @example
 * const reserved = new ReservedTokens();
 * const hold = reserved.add(10);
 * reserved.writeOff(4); // ticks have left room for four
 * reserved.remove(hold); // 4
 */
export declare class ReservedTokens {
    #private;
    /** @param writtenOff The mark at which an earlier account was: see `writtenOff`. */
    constructor(writtenOff?: number);
    /** Another one in the same state. */
    copy(): ReservedTokens;
    /** What may still come back, of all holds. */
    get tokens(): number;
    /** Tokens with a lower number don't come back. */
    get writtenOff(): number;
    /** The number that the next token gets; no lower one is given again. */
    get nextNumber(): number;
    /** Reserves `tokens`, and returns the number of the first, which identifies them; -1 if there are none. */
    add(tokens: number): number;
    /**
     * Tokens that `add` numbered from `start` on, in an earlier account. To be called in the order of the numbers, of
     * holds that are over too, as long as anybody remembers them: their numbers are not given again.
     *
     * @param unspent How many of them may come back if nothing is written off.
     */
    restore(start: number, tokens: number, unspent: number): void;
    /** Leaves at most `unspent` of the tokens from `start` on that may come back. */
    spend(start: number, unspent: number): void;
    /** The hold has ended. Returns how many of its tokens may come back. */
    remove(start: number): number;
    /** Writes off what is more than `max`, of the oldest first. */
    writeOff(max: number): void;
}
