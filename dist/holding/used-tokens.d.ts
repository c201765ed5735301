/** What work says that it used of its hold: checked at once, so that the fault is where the mistake is. */
import type { NamedTokens } from "../core/limits/cost.ts";
/** Tokens of each limit if the hold took the same of all, or tokens by the limit's name. */
export type UsedTokens = number | NamedTokens;
/** What a grant took. */
export interface TakenTokens {
    readonly tokens: number;
    readonly limits?: Readonly<Record<string, {
        readonly tokens: number;
    }>>;
}
/**
 * Returns `used` as it is.
 *
 * @throws {RangeError} If it can't be what was used of a hold that took `taken`.
 */
export declare function checkUsed(used: UsedTokens | undefined, { tokens, limits }: TakenTokens): UsedTokens;
