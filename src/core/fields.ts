/**
 * A table of fields: what a policy, or a kind of limit, is made of. A table says once what each field may be,
 * and everything that knows fields by name follows from it: the check of a configuration, the defaults, what a
 * change leaves as it is, the OpenAPI schemas.
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

/** What a field holds. */
export type FieldValue = number | string;

/** An integer within the range. */
interface IntegerField<Name extends string> extends Range {
  /** What it is if it's left out: a number, or the smallest of other fields. */
  readonly default?: number | { readonly minOf: readonly Name[] };
  /** Another field of the table, which this one must not exceed. */
  readonly atMost?: Name;
}

/** One of a few texts. */
interface ChoiceField {
  readonly oneOf: readonly string[];
  readonly default?: string;
}

/** A text of a certain form. */
interface TextField {
  readonly pattern: RegExp;
  /** The form as a message shows it, as in `must be …`. */
  readonly form: string;
  readonly default?: string;
}

/** A field that may be one thing or another, as a choice of the same table says; for all others, it must be left out. */
interface DependentField<Name extends string> {
  readonly by: Name;
  readonly when: Readonly<Record<string, IntegerField<Name> | ChoiceField>>;
}

/** What one field may be. Required, unless it has a default. */
export type Field<Name extends string> =
  | IntegerField<Name>
  | ChoiceField
  | TextField
  | DependentField<Name>;

/** A field that depends on no other. */
type PlainField = Exclude<Field<string>, DependentField<string>>;

/** What each field may be, in the order in which messages name them. */
export type FieldTable<Name extends string> = { readonly [N in Name]: Field<NoInfer<Name>> };

/** What people read of each field of a table. */
export type FieldWords<Name extends string> = {
  readonly [N in Name]: {
    /** What its number counts; absent if it isn't a number. */
    readonly unit?: "callers" | "milliseconds" | "permits" | "tokens";
    /** What it is, in one sentence without a full stop. */
    readonly description: string;
  };
};

/** What a complete table of fields holds. One that depends on a choice is absent where it must be left out. */
export type ValuesOf<Table extends FieldTable<string>> = {
  readonly [N in keyof Table as Table[N] extends DependentField<string> ? never : N]: ValueOf<
    Table[N]
  >;
} & {
  readonly [N in keyof Table as Table[N] extends DependentField<string> ? N : never]?: FieldValue;
};

type ValueOf<One> = One extends Range
  ? number
  : One extends { readonly oneOf: readonly (infer Text)[] }
    ? Text
    : string;

/** Fields as they were given: any names, any values. One that is `undefined` counts as left out. */
export type Given = Readonly<Record<string, unknown>>;

/** The ending of a name whose field counts milliseconds. */
export const MS = "Ms";

/** The names under which a table's fields take durations where people write them, such as `maxWait`. */
export function durationNames(table: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(table)
    .filter((name) => name.endsWith(MS))
    .map((name) => name.slice(0, -MS.length));
}

/** All names under which people may write a table's fields, for messages. */
export function writtenNames(table: Readonly<Record<string, unknown>>): string[] {
  return [...Object.keys(table), ...durationNames(table)];
}

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
  for (const [name, field] of Object.entries(table)) {
    const value = given[name];
    if (value === undefined || isLegal(field, given, value)) continue;
    faults.push(valueFault(prefix + name, field, given, value, prefix));
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(table, name)) continue;
    const message = `${showValue(prefix + name)} is not one of ${allowed.join(", ")}`;
    faults.push({ field: prefix + name, message });
  }
  return faults;
}

/**
 * A fault for each required field that is missing.
 *
 * @param prefix As for `rangeFaults`.
 * @param why What messages add, such as `: limits.tpm is replaced as a whole`; by default nothing.
 */
export function missingFaults(
  table: FieldTable<string>,
  given: Given,
  prefix = "",
  why = "",
): FieldFault[] {
  const missing = Object.entries(table).filter(([name, field]) => {
    return !("by" in field) && field.default === undefined && given[name] === undefined;
  });
  return missing.map(([name]) => {
    return { field: prefix + name, message: `${prefix}${name} is missing${why}` };
  });
}

/**
 * A fault for each field that exceeds the one its `atMost` names, if both are legal on their own. `prefix` is
 * as for `rangeFaults`.
 */
export function excessFaults(table: FieldTable<string>, given: Given, prefix = ""): FieldFault[] {
  const faults: FieldFault[] = [];
  for (const [field, { atMost }] of integerFieldsOf(table)) {
    if (atMost === undefined) continue;
    const [value, most] = [valueIn(table, given, field), valueIn(table, given, atMost)];
    if (value === undefined || most === undefined || value <= most) continue;
    const message = `${prefix}${field} must be at most the ${prefix}${atMost}, ${most}: got ${value}`;
    faults.push({ field: prefix + field, message });
  }
  return faults;
}

/**
 * What is wrong with a field that is a table itself, such as `lease`: given as a whole, or not at all.
 * `undefined` and `null` mean that it is not given.
 */
export function nestedFaults(
  name: string,
  table: FieldTable<string>,
  value: unknown,
): FieldFault[] {
  if (value === undefined || value === null) return [];
  if (!isRecord(value)) {
    const names = listOf(Object.keys(table));
    return [
      { field: name, message: `${name} must be a table of ${names}: got ${showValue(value)}` },
    ];
  }
  const prefix = `${name}.`;
  const allowed = writtenNames(table).map((member) => prefix + member);
  return [...rangeFaults(table, value, allowed, prefix), ...missingFaults(table, value, prefix)];
}

/** `a`, `a and b`, `a, b and c`. */
function listOf(names: readonly string[]): string {
  return [names.slice(0, -1).join(", "), ...names.slice(-1)]
    .filter((part) => part !== "")
    .join(" and ");
}

/**
 * All fields of the table, defaults filled in; anything else that was given is left out. `undefined` if a
 * field is missing or illegal. Whether fields exceed each other is for `excessFaults` to say.
 */
export function completeFields<Table extends FieldTable<string>>(
  table: Table,
  given: Given,
): ValuesOf<Table> | undefined;
export function completeFields(
  table: FieldTable<string>,
  given: Given,
): Record<string, FieldValue> | undefined {
  const values: Record<string, FieldValue> = {};
  for (const [name, field] of Object.entries(table)) {
    const value = valueIn(table, given, name);
    if (value !== undefined) values[name] = value;
    else if (given[name] !== undefined || plainFieldOf(field, given)) return undefined;
  }
  return values;
}

/**
 * The fields of `current` with `changes` applied, not yet checked.
 *
 * A field that depends on others follows along if `changes` leaves it out: one that has the default which
 * other fields imply is left out, so that it gets the default of the new ones, and so is one that a new choice
 * doesn't allow; any other number is cut to its new `atMost`.
 */
export function mergeFields(
  table: FieldTable<string>,
  current: Readonly<Record<string, unknown>>,
  changes: Given,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...current, ...changes };
  for (const [name, field] of Object.entries(table)) {
    if (changes[name] !== undefined) continue;
    const value = current[name];
    if ("by" in field) {
      if (changes[field.by] !== undefined && value === defaultOf(table, current, name)) {
        delete merged[name];
      } else if (!isLegal(field, merged, value)) delete merged[name];
    } else if ("min" in field) {
      const { default: standard, atMost } = field;
      if (typeof standard === "object" && value === defaultOf(table, current, name)) {
        delete merged[name];
      } else if (atMost !== undefined) merged[name] = cutTo(table, merged, atMost, value);
    }
  }
  return merged;
}

/** Whether both have the same value in each field of the table, or both are absent. */
export function areEqual<Name extends string>(
  table: FieldTable<Name>,
  one: Readonly<Partial<Record<NoInfer<Name>, unknown>>> | undefined,
  other: Readonly<Partial<Record<NoInfer<Name>, unknown>>> | undefined,
): boolean {
  if (one === other) return true;
  if (!one || !other) return !one && !other;
  // Runs for each acquire: a plain loop, which allocates nothing.
  for (const name in table) if (one[name] !== other[name]) return false;
  return true;
}

function integerFieldsOf(table: FieldTable<string>): [string, IntegerField<string>][] {
  return Object.entries(table).flatMap(([name, field]) => ("min" in field ? [[name, field]] : []));
}

/** A field itself, or what it is beside the others that are given; `undefined` if it must be left out. */
function plainFieldOf(field: Field<string>, given: Given): PlainField | undefined {
  if (!("by" in field)) return field;
  const choice = given[field.by];
  return typeof choice === "string" && Object.hasOwn(field.when, choice)
    ? field.when[choice]
    : undefined;
}

/** Whether `value` is legal for a field. One that depends on a choice that isn't given may be any of its kinds. */
function isLegal(field: Field<string>, given: Given, value: unknown): value is FieldValue {
  const plain = plainFieldOf(field, given);
  if (plain) return isLegalAlone(plain, value);
  if (!("by" in field) || given[field.by] !== undefined) return false;
  return Object.values(field.when).some((one) => isLegalAlone(one, value));
}

function isLegalAlone(field: PlainField, value: unknown): value is FieldValue {
  if ("min" in field) return isIntegerWithin(value, field);
  if (typeof value !== "string") return false;
  return "oneOf" in field ? field.oneOf.includes(value) : field.pattern.test(value);
}

function valueFault(
  shown: string,
  field: Field<string>,
  given: Given,
  value: unknown,
  prefix: string,
): FieldFault {
  const plain = plainFieldOf(field, given);
  if (plain && "min" in plain) return integerFault(shown, value, plain);
  const got = `got ${showValue(value)}`;
  if (plain) return { field: shown, message: `${shown} must be ${formOf(plain)}: ${got}` };
  if (!("by" in field)) throw new TypeError(`${shown} is of no kind`);
  const forms = Object.entries(field.when).map(([choice, one]) => {
    return `${formOf(one)} if ${prefix}${field.by} is "${choice}"`;
  });
  return {
    field: shown,
    message: `${shown} must be ${forms.join(", ")}, and left out otherwise: ${got}`,
  };
}

function formOf(field: PlainField): string {
  if ("min" in field) return `an integer from ${field.min} to ${field.max}`;
  return "oneOf" in field ? `one of ${field.oneOf.join(", ")}` : field.form;
}

/** The value of a field, as given or by default; `undefined` if it is missing, illegal or to be left out. */
function valueIn(table: FieldTable<string>, given: Given, name: string): FieldValue | undefined {
  const field = table[name];
  const value = given[name];
  if (field === undefined) return undefined;
  if (value === undefined) return defaultOf(table, given, name);
  return isLegal(field, given, value) ? value : undefined;
}

/** The default of a field beside the others that are given; `undefined` if it has none. */
function defaultOf(table: FieldTable<string>, given: Given, name: string): FieldValue | undefined {
  const field = table[name];
  // What a field depends on may itself be a default.
  const standard = field && plainFieldOf(field, given)?.default;
  if (typeof standard !== "object") return standard;
  const others = standard.minOf.map((other) => valueIn(table, given, other));
  return others.every((other) => typeof other === "number") ? Math.min(...others) : undefined;
}

/** A number, cut to that of the field `atMost`. A faulty maximum gets one fault, and this none because of it. */
function cutTo(table: FieldTable<string>, merged: Given, atMost: string, value: unknown): unknown {
  const most = merged[atMost];
  const field = table[atMost];
  if (typeof value !== "number" || !field || !("min" in field)) return value;
  return isIntegerWithin(most, { min: field.min, max: value }) ? most : value;
}
