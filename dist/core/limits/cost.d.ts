/** What one request takes of each limit. */
import type { FieldFault } from "../values.ts";
/**
 * What one request takes: so many tokens of every limit, or so many of each, in the order of the limits.
 * 0 is allowed in a list.
 */
export type Cost = number | readonly number[];
/** Tokens by the name of the limit. */
export type NamedTokens = Readonly<Record<string, number>>;
/** What a grant took of one limit, and what it left. */
export interface LimitGrant {
    readonly tokens: number;
    /** Tokens left just after the grant. */
    readonly remaining: number;
}
/** A limit's name, which is all that a cost needs to know of it. */
interface Named {
    readonly name: string;
}
/** The part of a limit that says whether a cost is there. */
interface Stock {
    readonly tokens: number;
    readonly reachedAtMs: number;
    msUntil(tokens: number, fromMs: number): number;
}
/** What a caller asks for: so many of every limit, but for those that it names. */
interface AskedTokens {
    readonly tokens: number;
    readonly limits?: Readonly<Record<string, number>>;
}
/** The sum of both, name by name. */
export declare function addNamed(one: NamedTokens, other: NamedTokens): NamedTokens;
/** What `one` has more than `other`, name by name. */
export declare function subtractNamed(one: NamedTokens, other: NamedTokens): NamedTokens;
/** Whether there are any tokens. */
export declare function hasAny(tokens: NamedTokens): boolean;
/** `cost` of so many limits, and a permit. */
export declare function withPermit(cost: Cost, limits: number): Cost;
/** A cost with a permit, without it. */
export declare function withoutPermit(cost: Cost): Cost;
/** What `cost` takes of the limit at `index`. */
export declare function tokensOf(cost: Cost, index: number): number;
/** Whether `tokens` of a limit aren't there. Nothing is always there, even if the limit is below 0. */
export declare function lacks(limit: Stock, tokens: number): boolean;
/** As `Limit.msUntil`; nothing is there at once, even if the limit is below 0. */
export declare function msUntilHas(limit: Stock, tokens: number, fromMs: number): number;
/** What `ask` takes of `limits`. Names that none of them has count for nothing: see `askFaults`. */
export declare function costOf(limits: readonly Named[], { tokens, limits: named }: AskedTokens): Cost;
/** What is wrong with `ask` for a bucket that has `limits`: names that there aren't, or nothing at all. */
export declare function askFaults(limits: readonly Named[], ask: AskedTokens): FieldFault[];
/** A fault of `field` for each of `names` that is no limit. */
export declare function unknownLimits(limits: readonly Named[], names: readonly string[], field: string): FieldFault[];
/**
 * For a cost that code passes in.
 *
 * @throws {RangeError} If `cost` is neither an integer of at least 1, nor a list of integers of at least 0.
 */
export declare function requireCost(cost: Cost): void;
export {};
