/** What a hold's holder says it used: whether that is legal, what may come back, and what is owed. */
import type { NamedTokens } from "../limits/cost.ts";
import type { HeldLimit } from "../limits/reserves.ts";
import type { FieldFault } from "../values.ts";
import type { HoldState } from "./grant-row.ts";
type Parts = HoldState["limits"];
/** What is used of each limit, or what is wrong with it. */
type Use = {
    readonly tokens: NamedTokens;
} | {
    readonly faults: readonly FieldFault[];
};
/** What each limit gets of `valueOf`. */
export declare function mapParts<Value>(parts: Parts, valueOf: (part: HeldLimit, name: string) => Value): Readonly<Record<string, Value>>;
/** 0 of each limit. */
export declare function zerosOf(parts: Parts): NamedTokens;
/** What a holder says it used: of the whole, or so far. */
type UseField = "used" | "atLeast";
/**
 * What `used` says of each limit. A number counts for each of them, if the hold took the same of all. A limit that
 * isn't named is used up as reserved, or, so far, as it was.
 */
export declare function useOf(parts: Parts, field: UseField, used: number | NamedTokens): Use;
/** What `use`, compared with what was used before, is beyond what was reserved; `undefined` if nothing is. */
export declare function debtOf(parts: Parts, use: NamedTokens): NamedTokens | undefined;
/** Whether both are the same, limit by limit. */
export declare function isSameUse(one: NamedTokens, other: NamedTokens): boolean;
export {};
