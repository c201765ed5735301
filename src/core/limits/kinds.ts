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

import {
  completeFields,
  excessFaults,
  missingFaults,
  rangeFaults,
  writtenNames,
} from "../fields.ts";
import { showValue } from "../values.ts";
import { calendar } from "./calendar.ts";
import { calendarFields } from "./calendar-fields.ts";
import { limitSpec } from "./limit.ts";
import { tokenBucket } from "./token-bucket.ts";
import { tokenBucketFields } from "./token-bucket-fields.ts";

/** The fields that the other kind has are `undefined`, so that each can be read without a look at the kind. */
type OnlyTokenBucket = {
  readonly [Name in Exclude<keyof CalendarFields, keyof TokenBucketFields>]?: undefined;
};
type OnlyCalendar = {
  readonly [Name in Exclude<keyof TokenBucketFields, keyof CalendarFields>]?: undefined;
};

/** What a complete policy says of one limit. */
export type CompleteLimitFields =
  | (TokenBucketFields & OnlyTokenBucket)
  | (CalendarFields & OnlyCalendar);

/** A token bucket as a person writes it. */
export interface TokenBucketInput
  extends Omit<TokenBucketFields, "initialTokens">, OnlyTokenBucket {
  /** Default: `min(capacity, refillTokens)`, as if the first tick fell on the start. */
  readonly initialTokens?: number;
}

/** A calendar limit as a person writes it: full again at each boundary. */
export type CalendarInput = Pick<CalendarFields, "capacity" | "every"> &
  Partial<Omit<CalendarFields, "capacity" | "every">> &
  OnlyCalendar;

/** One limit as a person writes it. */
export type LimitInput = TokenBucketInput | CalendarInput;

/** The fields that stand for a token bucket's numbers where people write a policy; see ../window-limit.ts. */
export const shorthandNames = ["limit", "burst"] as const;

/** All names under which people may write the fields of either kind, or of the one that is meant. */
export function limitNamesOf(table: FieldTable<string>): string[] {
  return table === calendarFields
    ? writtenNames(table)
    : [...writtenNames(table), ...shorthandNames];
}

/** The table of the kind that is meant. */
export function limitFieldsOf(given: object): FieldTable<string> {
  return "every" in given && given.every !== undefined ? calendarFields : tokenBucketFields;
}

/** The table of the kind that `changes` make of the limit that `current` is: fields of one kind only decide. */
export function limitFieldsAfter(current: object, changes: Given): FieldTable<string> {
  if (changes["every"] !== undefined) return calendarFields;
  return hasOwnFieldOf(tokenBucketFields, changes) ? tokenBucketFields : limitFieldsOf(current);
}

/** Whether fields of both kinds are given that only one of them has. */
export function isMixed(given: Given): boolean {
  return hasOwnFieldOf(tokenBucketFields, given) && hasOwnFieldOf(calendarFields, given);
}

/** A fault for each field that only the other kind has. */
export function mixedFaults(given: Given, prefix = ""): FieldFault[] {
  return strayFields(given).map((name) => {
    const message =
      given["every"] === undefined
        ? `${prefix}${name} needs ${prefix}every, as in ${prefix}every = "day"`
        : `${prefix}${name} does not go with ${prefix}every: a calendar limit fills up at each boundary`;
    return { field: prefix + name, message };
  });
}

/** The fields without those that only the other kind has. */
export function withoutStray(given: Given): Record<string, unknown> {
  const stray = strayFields(given);
  return Object.fromEntries(Object.entries(given).filter(([name]) => !stray.includes(name)));
}

/**
 * Everything that is wrong with a limit.
 *
 * @param zones Absent for a change: it replaces the limit as a whole, and time zones aren't looked up.
 */
export function limitFaults(given: Given, prefix: string, zones?: TimeZones): FieldFault[] {
  const table = limitFieldsOf(given);
  const allowed = limitNamesOf(table).map((name) => prefix + name);
  // Such as {"capacity": 5}, which may be meant for a calendar that is there already.
  const isOfEither = given["capacity"] !== undefined && !hasOwnFieldOf(tokenBucketFields, given);
  const calendarHint = isOfEither ? `, or ${prefix}every for a calendar` : "";
  const why = zones
    ? ""
    : `: ${prefix.slice(0, -1)} is replaced as a whole, so give all of its fields${calendarHint}`;
  return [
    ...rangeFaults(table, withoutStray(given), allowed, prefix),
    ...mixedFaults(given, prefix),
    ...missingFaults(table, given, prefix, why),
    ...excessFaults(table, given, prefix),
    ...(zones ? zoneFaults(given, zones, prefix) : []),
  ];
}

/** A fault if `zones` doesn't know the time zone. */
export function zoneFaults(given: Given, zones: TimeZones, prefix = ""): FieldFault[] {
  const { every, timeZone } = given;
  const { pattern, form } = calendarFields.timeZone;
  if (every === undefined || typeof timeZone !== "string" || !pattern.test(timeZone)) return [];
  if (zones.zoneOf(timeZone)) return [];
  const field = `${prefix}timeZone`;
  return [{ field, message: `${field} must be ${form}: got ${showValue(timeZone)}` }];
}

/** All fields of a limit, defaults filled in; `undefined` if one is missing or illegal. */
export function completeLimit(given: Given): CompleteLimitFields | undefined {
  return given["every"] === undefined
    ? completeFields(tokenBucketFields, given)
    : completeFields(calendarFields, given);
}

/** The limit called `name` of a complete policy. @throws {RangeError} If `zones` doesn't know its time zone. */
export function specOf(name: string, fields: CompleteLimitFields, zones: TimeZones): LimitSpec {
  if (fields.every === undefined) return limitSpec(name, tokenBucket, fields);
  const zone = zones.zoneOf(fields.timeZone);
  if (!zone) throw new RangeError(`There is no time zone ${showValue(fields.timeZone)}`);
  return limitSpec(name, calendar, { ...fields, zone });
}

/** Fields that are given and that only the other kind has. */
function strayFields(given: Given): string[] {
  const own = limitFieldsOf(given);
  const other = own === calendarFields ? tokenBucketFields : calendarFields;
  return Object.keys(other).filter((name) => {
    return given[name] !== undefined && !Object.hasOwn(own, name);
  });
}

/** Whether a field is given that only `table`, of the two, has. */
function hasOwnFieldOf(table: FieldTable<string>, given: Given): boolean {
  const other = table === calendarFields ? tokenBucketFields : calendarFields;
  return Object.keys(table).some((name) => {
    return given[name] !== undefined && !Object.hasOwn(other, name);
  });
}
