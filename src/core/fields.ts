/**
 * A table of fields: the numbers that a policy, or a kind of limit, is made of. A table says once what each
 * may be, and everything that knows fields by name follows from it: the check of a configuration, the
 * defaults, what a change leaves as it is, the OpenAPI schemas.
 *
 * Everything in a table is data, defaults that follow other fields included, so a page can print what the
 * check does. What people read of a field is a table of its own, `FieldWords`. No check reads it, so
 * bundlers drop it from a client and from the in-process filter.
 *
 * Functions take names from the table alone, in its order, and messages come out in that order.
 */
import type { FieldFault, Range } from "./values.ts";

import { isRecord } from "./is-record.ts";
import { integerFault, isIntegerWithin, showValue } from "./values.ts";

/** What one field may be: an integer within the range. Required, unless it has a default. */
interface Field<Name extends string> extends Range {
  /** What it is if it's left out: a number, or the smallest of other fields. */
  readonly default?: number | { readonly minOf: readonly Name[] };
  /** Another field of the table, which this one must not exceed. */
  readonly atMost?: Name;
}

/** What each field may be, in the order in which messages name them. */
export type FieldTable<Name extends string> = { readonly [N in Name]: Field<NoInfer<Name>> };

/** What people read of each field of a table. */
export type FieldWords<Name extends string> = {
  readonly [N in Name]: {
    /** What its number counts. */
    readonly unit: "callers" | "milliseconds" | "tokens";
    /** What it is, in one sentence without a full stop. */
    readonly description: string;
  };
};

/** Fields as they were given: any names, any values. One that is `undefined` counts as left out. */
type Given = Readonly<Record<string, unknown>>;

/**
 * What is wrong with each of the fields given on its own, unknown ones included. Fields that are missing,
 * or that don't fit together, are no faults here.
 *
 * @param allowed The names that a message about an unknown field lists.
 * @param prefix What messages put in front of each name, such as `lease.`.
 */
export function rangeFaults(
  table: FieldTable<string>,
  given: Given,
  allowed: readonly string[],
  prefix = "",
): FieldFault[] {
  const faults: FieldFault[] = [];
  for (const [name, range] of Object.entries(table)) {
    const value = given[name];
    if (value !== undefined && !isIntegerWithin(value, range)) {
      faults.push(integerFault(prefix + name, value, range));
    }
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(table, name)) continue;
    const message = `${showValue(prefix + name)} is not one of ${allowed.join(", ")}`;
    faults.push({ field: prefix + name, message });
  }
  return faults;
}

/** A fault for each required field that is missing. `prefix` is as for `rangeFaults`. */
export function missingFaults(table: FieldTable<string>, given: Given, prefix = ""): FieldFault[] {
  const missing = Object.entries(table).filter(([name, { default: standard }]) => {
    return standard === undefined && given[name] === undefined;
  });
  return missing.map(([name]) => {
    return { field: prefix + name, message: `${prefix}${name} is missing` };
  });
}

/** A fault for each field that exceeds the one its `atMost` names, if both are legal on their own. */
export function excessFaults(table: FieldTable<string>, given: Given): FieldFault[] {
  const faults: FieldFault[] = [];
  for (const [field, { atMost }] of Object.entries(table)) {
    if (atMost === undefined) continue;
    const [value, most] = [numberOf(table, given, field), numberOf(table, given, atMost)];
    if (value === undefined || most === undefined || value <= most) continue;
    const message = `${field} must be at most the ${atMost}, ${most}: got ${value}`;
    faults.push({ field, message });
  }
  return faults;
}

/**
 * What is wrong with a field that is a table itself, such as `lease`: all of its fields or none of it.
 * `undefined` and `null` are none of it.
 */
export function nestedFaults(
  name: string,
  table: FieldTable<string>,
  value: unknown,
): FieldFault[] {
  if (value === undefined || value === null) return [];
  const names = Object.keys(table);
  if (!isRecord(value)) {
    const message = `${name} must be a table of ${names.join(" and ")}: got ${showValue(value)}`;
    return [{ field: name, message }];
  }
  const prefix = `${name}.`;
  const allowed = names.map((member) => prefix + member);
  return [...rangeFaults(table, value, allowed, prefix), ...missingFaults(table, value, prefix)];
}

/**
 * All fields of the table, defaults filled in; anything else that was given is left out. `undefined` if a
 * field is missing or outside its range. Whether fields exceed each other is for `excessFaults` to say.
 */
export function completeFields<Name extends string>(
  table: FieldTable<Name>,
  given: Given,
): Record<Name, number> | undefined {
  const numbers: Record<string, number> = {};
  for (const name in table) {
    const value = numberOf(table, given, name);
    if (value === undefined) return undefined;
    numbers[name] = value;
  }
  return numbers;
}

/**
 * The fields of `current` with `changes` applied, not yet checked.
 *
 * A field that depends on others follows along if `changes` leaves it out: one that has the default which
 * other fields imply is left out, so that it gets the default of the new ones, and any other number is cut
 * to its new `atMost`.
 */
export function mergeFields<Name extends string>(
  table: FieldTable<Name>,
  current: Readonly<Record<NoInfer<Name>, number>>,
  changes: Given,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...current, ...changes };
  for (const name in table) {
    if (changes[name] !== undefined) continue;
    const { default: standard, atMost } = table[name];
    const isImplied =
      typeof standard === "object" && current[name] === defaultOf(table, current, name);
    if (isImplied) delete merged[name];
    else if (atMost !== undefined) {
      const most = merged[atMost];
      // A faulty maximum gets one fault, not a second one about what it is the maximum of.
      const isCut = isIntegerWithin(most, { min: table[atMost].min, max: current[name] });
      merged[name] = isCut ? most : current[name];
    }
  }
  return merged;
}

/** Whether both have the same number in each field of the table, or both are absent. */
export function areEqual<Name extends string>(
  table: FieldTable<Name>,
  one: Readonly<Record<NoInfer<Name>, number>> | undefined,
  other: Readonly<Record<NoInfer<Name>, number>> | undefined,
): boolean {
  if (one === other) return true;
  if (!one || !other) return !one && !other;
  // Runs for each acquire: a plain loop, which allocates nothing.
  for (const name in table) if (one[name] !== other[name]) return false;
  return true;
}

/** The number of a field, as given or by default; `undefined` if it is missing or outside its range. */
function numberOf<Name extends string>(
  table: FieldTable<Name>,
  given: Given,
  name: Name,
): number | undefined {
  const value = given[name];
  if (value === undefined) return defaultOf(table, given, name);
  return isIntegerWithin(value, table[name]) ? value : undefined;
}

/** The default of a field beside the others that are given; `undefined` if it has none. */
function defaultOf<Name extends string>(
  table: FieldTable<Name>,
  given: Given,
  name: Name,
): number | undefined {
  const { default: standard } = table[name];
  if (typeof standard !== "object") return standard;
  const others = standard.minOf.map((other) => numberOf(table, given, other));
  return others.every((other) => other !== undefined) ? Math.min(...others) : undefined;
}
