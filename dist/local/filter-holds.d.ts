/** What the holder of a hold or a permit of a filter may do with it. */
import type { HoldOutcome, PermitOutcome, SettleOutcome } from "../core/holds/hold-outcome.ts";
import type { NamedTokens } from "../core/limits/cost.ts";
/**
 * Verbs for what a grant left open: its `hold`, if the call asked for one, and its `permit`, if the
 * filter's policy has `concurrency`. Both have the same id. `withHold` and `withPermit` call them as needed.
 */
export interface FilterHolds {
    /**
     * Ends a hold: so many tokens were used of each limit. A number is for holds that took the same of every
     * limit; in an object, limits that aren't named were used as reserved. Tokens that were reserved and not
     * used come back, unless ticks have replaced them already. Tokens beyond the reserved ones are taken
     * later, as the policy's `hold.debt` says. Settling again with the same numbers gives the same answer.
     *
     * @throws {RangeError} If the numbers can't be those of this hold.
     */
    settleHold(id: string, used: number | NamedTokens): SettleOutcome;
    /**
     * Spends at least so many tokens of a hold and keeps the rest. `settleHold` later states the total.
     *
     * @throws {RangeError} As for `settleHold`.
     */
    spendHold(id: string, atLeast: number | NamedTokens): HoldOutcome;
    /**
     * Moves the end of a hold to `extendMs` from now.
     *
     * @throws {RangeError} If `extendMs` isn't an integer from 1,000 to the policy's `hold.maxMs`.
     */
    extendHold(id: string, extendMs: number): HoldOutcome;
    /** Ends a hold of which nothing was used. */
    dropHold(id: string): SettleOutcome;
    /** Keeps a permit for another `concurrency.ttlMs` from now. */
    extendPermit(id: string): PermitOutcome;
    /** Gives a permit back. Does nothing if it has come back already. */
    releasePermit(id: string): void;
}
