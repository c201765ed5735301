/** The verbs of a client for what a grant left open: its hold and its permit. */
import type { HoldOutcome, PermitOutcome, SettleOutcome } from "../../core/holds/hold-outcome.ts";
import type { UsedTokens } from "../../holding/used-tokens.ts";
/** Options of these calls, which are those of every other call. */
export interface HeldCallOptions {
    /** Aborts the call. A change that was already sent may or may not take effect. */
    readonly signal?: AbortSignal;
}
/**
 * What the holder of a hold or a permit can do, by the `id` in its grant. `withHold` and `withPermit` make
 * these calls as needed. Each is safe to retry, and is retried when its connection breaks.
 */
export interface HoldVerbs {
    /**
     * Settles a hold: so many tokens were used of each limit, 0 or more. A number is for holds that took the
     * same of every limit; in an object, limits that aren't named were used as reserved. Tokens that were
     * reserved and not used come back, unless ticks have replaced them already; tokens beyond the reserved
     * ones are taken later, as the policy's `hold.debt` says. Settling again with the same numbers resolves
     * with the same answer.
     *
     * @throws {SluiceError} `invalid-request` if the numbers can't be those of this hold.
     */
    settleHold(bucket: string, id: string, used: UsedTokens, options?: HeldCallOptions): Promise<SettleOutcome>;
    /**
     * Spends at least so many tokens of a hold and keeps the rest; `settleHold` later states the total.
     *
     * @throws {SluiceError} As for `settleHold`.
     */
    spendHold(bucket: string, id: string, atLeast: UsedTokens, options?: HeldCallOptions): Promise<HoldOutcome>;
    /**
     * Moves the end of a hold to `extendMs` from now: 1,000 to the policy's `hold.maxMs`.
     *
     * @throws {SluiceError} `invalid-request` if that is more than the policy allows.
     */
    extendHold(bucket: string, id: string, extendMs: number, options?: HeldCallOptions): Promise<HoldOutcome>;
    /** Settles a hold of which nothing was used. */
    dropHold(bucket: string, id: string, options?: HeldCallOptions): Promise<SettleOutcome>;
    /** Keeps a permit for another `concurrency.ttlMs` from now. */
    extendPermit(bucket: string, id: string, options?: HeldCallOptions): Promise<PermitOutcome>;
    /** Gives a permit back. Does nothing if it has come back already. */
    releasePermit(bucket: string, id: string, options?: HeldCallOptions): Promise<void>;
}
