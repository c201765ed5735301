/**
 * What a caller asks of a bucket. It has one shape all the way: the Worker reads it from a query, a body or a
 * call by RPC, the wire carries it, and the object's host turns it into a waiter.
 */
import type { HoldTerms } from "./policy-tables.ts";
import type { FieldFault, Range } from "./values.ts";
/** What a caller asks of a bucket. */
export interface Ask {
    /**
     * Tokens of every limit that `limits` doesn't name, at least 0. Whether the bucket can hold that many is up
     * to the bucket.
     */
    readonly tokens: number;
    /** Tokens of single limits, at least 0 each, by the limit's name; absent if there are none. */
    readonly limits?: Readonly<Record<string, number>>;
    /** The longest wait, 0 to an hour; absent if the caller leaves it to the policy. */
    readonly timeoutMs?: number;
    /**
     * How long to hold the tokens for settling, 1,000 to an hour; absent for a grant that is spent at once.
     * Whether the bucket allows a hold, and for how long, is up to its policy: see `holdFaults`.
     */
    readonly holdMs?: number;
    /** Requests with the same key for the same bucket get the same grant. 1 to 255 printable ASCII characters. */
    readonly idempotencyKey?: string;
    /** The ticket of an earlier request for the same, whose place it takes. */
    readonly ticket?: string;
    /** What the caller calls itself, for operators who look at the queue. Two asks that differ in it ask for the same. */
    readonly label?: string;
}
/**
 * What is wrong with an ask that code passes in, as far as it can be told without the bucket's limits: a number
 * or a name that isn't one, or 0 of everything. `undefined` stands for the default.
 *
 * @param max The most tokens of one limit. What a limit can hold at most, only its bucket knows.
 */
export declare function askedTokensFaults({ tokens, limits }: Readonly<Record<string, unknown>>, max?: number): FieldFault[];
/**
 * What is wrong with the tokens of every limit. 0 of them is legal beside some of a single limit.
 *
 * @param ofOne How the caller asks for tokens of a single limit, such as `tokens.NAME`.
 */
export declare function tokensFault(field: string, tokens: unknown, range: Range, ofOne: string): FieldFault;
/** What is wrong with an ask's `holdMs` for a bucket whose policy has these terms of holds, or none. */
export declare function holdFaults(hold: HoldTerms | undefined, { holdMs }: Pick<Ask, "holdMs">): FieldFault[];
/** What is wrong with a field that says how long a hold lasts, in milliseconds. */
export declare function holdMsFaults(field: string, holdMs: number, hold: HoldTerms | undefined): FieldFault[];
