/**
 * The kinds of limits that a policy can ask for, and how fields tell them apart: `every` makes a calendar,
 * and anything else is a token bucket.
 */
import type { FieldTable, Given } from "../fields.ts";
import type { FieldFault } from "../values.ts";
import type { CalendarFields } from "./calendar-fields.ts";
import type { LimitSpec } from "./limit.ts";
import type { TimeZones } from "./time-zones.ts";
import type { TokenBucketFields } from "./token-bucket-fields.ts";
/** The fields that the other kind has are `undefined`, so that each can be read without a look at the kind. */
type OnlyTokenBucket = {
    readonly [Name in Exclude<keyof CalendarFields, keyof TokenBucketFields>]?: undefined;
};
type OnlyCalendar = {
    readonly [Name in Exclude<keyof TokenBucketFields, keyof CalendarFields>]?: undefined;
};
/** What a complete policy says of one limit. */
export type CompleteLimitFields = (TokenBucketFields & OnlyTokenBucket) | (CalendarFields & OnlyCalendar);
/** A token bucket as a person writes it. */
export interface TokenBucketInput extends Omit<TokenBucketFields, "initialTokens">, OnlyTokenBucket {
    /** Default: `min(capacity, refillTokens)`, as if the first tick fell on the start. */
    readonly initialTokens?: number;
}
/** A calendar limit as a person writes it: full again at each boundary. */
export type CalendarInput = Pick<CalendarFields, "capacity" | "every"> & Partial<Omit<CalendarFields, "capacity" | "every">> & OnlyCalendar;
/** One limit as a person writes it. */
export type LimitInput = TokenBucketInput | CalendarInput;
/** The fields that stand for a token bucket's numbers where people write a policy; see ../window-limit.ts. */
export declare const shorthandNames: readonly ["limit", "burst"];
/** All names under which people may write the fields of either kind, or of the one that is meant. */
export declare function limitNamesOf(table: FieldTable<string>): string[];
/** The table of the kind that is meant. */
export declare function limitFieldsOf(given: object): FieldTable<string>;
/** The table of the kind that `changes` make of the limit that `current` is: fields of one kind only decide. */
export declare function limitFieldsAfter(current: object, changes: Given): FieldTable<string>;
/** Whether fields of both kinds are given that only one of them has. */
export declare function isMixed(given: Given): boolean;
/** A fault for each field that only the other kind has. */
export declare function mixedFaults(given: Given, prefix?: string): FieldFault[];
/** The fields without those that only the other kind has. */
export declare function withoutStray(given: Given): Record<string, unknown>;
/**
 * Everything that is wrong with a limit.
 *
 * @param zones Absent for a change: it replaces the limit as a whole, and time zones aren't looked up.
 */
export declare function limitFaults(given: Given, prefix: string, zones?: TimeZones): FieldFault[];
/** A fault if `zones` doesn't know the time zone. */
export declare function zoneFaults(given: Given, zones: TimeZones, prefix?: string): FieldFault[];
/** All fields of a limit, defaults filled in; `undefined` if one is missing or illegal. */
export declare function completeLimit(given: Given): CompleteLimitFields | undefined;
/** The limit called `name` of a complete policy. @throws {RangeError} If `zones` doesn't know its time zone. */
export declare function specOf(name: string, fields: CompleteLimitFields, zones: TimeZones): LimitSpec;
export {};
