/** The loans that end at one instant, epoch milliseconds. */
export interface LentSum {
    readonly untilMs: number;
    readonly tokens: number;
}
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
export declare class LentTokens {
    #private;
    constructor(sums?: readonly LentSum[]);
    /** All tokens that are out. */
    get tokens(): number;
    /** When the next loan ends, epoch milliseconds; `Infinity` without loans. */
    get nextEndAtMs(): number;
    /** When so many will have ended, epoch milliseconds; `Infinity` if there aren't as many. */
    endAtMsOf(tokens: number): number;
    /** Adds `tokens` that end at `untilMs`, epoch milliseconds. */
    add(tokens: number, untilMs: number): void;
    /**
     * Removes up to `tokens` of those that end at `untilMs`, and returns how many: 0 once they have
     * ended.
     */
    remove(tokens: number, untilMs: number): number;
    /** Ends every loan whose time is up at `nowMs`, and returns their tokens. */
    endBy(nowMs: number): number;
    /** The same sums, which share nothing with these. */
    copy(): LentTokens;
    /** The sums, for the constructor. */
    toJSON(): readonly LentSum[];
}
