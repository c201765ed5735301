/**
 * Fields in human units: `maxWait = "30s"` for `maxWaitMs = 30000`, and `limit = "100/1m"` for the numbers
 * of a token bucket. They are compiled before anything else looks at fields, so everything behind this
 * file, the disk and the wire included, knows numbers alone.
 *
 * Which fields take a duration follows from the tables: wherever a table has a name that ends in `Ms`, the
 * same name without it takes one. So this file knows no policy, and a new field needs nothing here.
 */
import type { FieldFault, Range } from "./values.ts";

import { DURATION_UNITS, durationMs, showDuration } from "./duration.ts";
import { isRecord } from "./is-record.ts";
import { tokenBucketFields } from "./limits/token-bucket.ts";
import { integerFault, isIntegerWithin, showValue } from "./values.ts";
import { checkWindowLimit, showWindowLimit } from "./window-limit.ts";

/** A table of fields. Only the ranges of those that end in `Ms` are looked at. */
type UnitTable = Readonly<Record<string, Range>>;

/** The tables of fields that are tables themselves, such as `lease`, by the field's name. */
type NestedTables = Readonly<Record<string, UnitTable>>;

/** Fields as they were given: any names, any values. One that is `undefined` counts as left out. */
type Given = Readonly<Record<string, unknown>>;

/** What was given, in numbers. */
export interface CompiledUnits {
  /** The fields for the checks of a policy. Those that are at fault in their human form are left out. */
  readonly fields: Record<string, unknown>;
  /** What is wrong with the human forms. */
  readonly faults: readonly FieldFault[];
  /**
   * By what each number was written, as the faults of a check name it: `maxWaitMs` by `maxWait`, and
   * `capacity` by `limit`. Includes those left out.
   */
  readonly writtenAs: ReadonlyMap<string, string>;
  /** What `limit` stands for, in one line without the prefix; absent if there is none, or a fault in it. */
  readonly shownLimit?: string;
}

/** The ending of a name whose field counts milliseconds. */
const MS = "Ms";

/** The length of the durations that messages give as an example, where a field may be so long. */
const EXAMPLE_MS = 1_000;

/** The names under which a table's fields take durations, such as `maxWait`. */
export function durationNames(table: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(table)
    .filter((name) => name.endsWith(MS))
    .map((name) => name.slice(0, -MS.length));
}

/**
 * Compiles a policy, or one of its limits, into numbers. Whatever is not in human units stays as it is, for
 * the checks of the policy to judge.
 *
 * @param prefix What messages put in front of each name, such as `limits.tpm.`.
 * @example
 * compileUnits(policyFields(), { lease: leaseFields }, { limit: "100/1m", maxWait: "30s" }).fields;
 * // { maxWaitMs: 30000, capacity: 10, refillTokens: 1, refillIntervalMs: 667, initialTokens: 10 }
 */
export function compileUnits(
  table: UnitTable,
  nested: NestedTables,
  given: Given,
  prefix = "",
): CompiledUnits {
  const compiled = compileDurations(table, given, prefix);
  for (const [name, members] of Object.entries(nested)) {
    const value = given[name];
    if (!isRecord(value)) continue;
    const { fields, faults, writtenAs } = compileDurations(members, value, `${prefix}${name}.`);
    compiled.fields[name] = fields;
    compiled.faults.push(...faults);
    for (const [number, written] of writtenAs) compiled.writtenAs.set(number, written);
  }
  const shownLimit = compileLimit(given, compiled, prefix);
  return { ...compiled, ...(shownLimit !== undefined && { shownLimit }) };
}

/**
 * All that is wrong: with the human forms, and what a check of the compiled fields found, named as it was
 * written. What the check says of a field whose human form is at fault already is left out.
 */
export function faultsAsWritten(
  { faults, writtenAs }: CompiledUnits,
  found: readonly FieldFault[],
): FieldFault[] {
  const atFault = new Set(faults.map(({ field }) => field));
  const others = found.flatMap((fault) => {
    const field = writtenAs.get(fault.field);
    if (field === undefined) return fault;
    return atFault.has(field) ? [] : { field, message: `${field}: ${fault.message}` };
  });
  return [...faults, ...others];
}

/** A `CompiledUnits` that grows. */
interface Compiling extends CompiledUnits {
  readonly faults: FieldFault[];
  readonly writtenAs: Map<string, string>;
}

function compileDurations(table: UnitTable, given: Given, prefix: string): Compiling {
  const fields: Record<string, unknown> = { ...given };
  const faults: FieldFault[] = [];
  const writtenAs = new Map<string, string>();
  for (const name of durationNames(table)) {
    const number = name + MS;
    const range = table[number];
    const written = given[name] === undefined ? number : name;
    if (!range || (written === number && typeof given[number] !== "string")) continue;
    const fault = durationFault(name, range, given, prefix);
    delete fields[name];
    delete fields[number];
    writtenAs.set(prefix + number, prefix + written);
    if (fault === undefined) fields[number] = durationMs(String(given[name]));
    else faults.push({ field: prefix + written, message: prefix + fault });
  }
  return { fields, faults, writtenAs };
}

/** What is wrong with a duration, or with text in place of the number; begins with the field's name. */
function durationFault(
  name: string,
  range: Range,
  given: Given,
  prefix: string,
): string | undefined {
  const [duration, number] = [given[name], given[name + MS]];
  const example = showDuration(isIntegerWithin(EXAMPLE_MS, range) ? EXAMPLE_MS : range.min);
  if (duration === undefined) {
    const { message } = integerFault(name + MS, number, range);
    return `${message} (to give a unit, write ${prefix}${name} = "${example}")`;
  }
  if (number !== undefined) return `${name} is given twice: leave out ${prefix}${name}${MS}`;
  const ms = typeof duration === "string" ? durationMs(duration) : undefined;
  const got = `got ${showValue(duration)}`;
  if (ms === undefined) {
    return `${name} must be a number with a unit of ${DURATION_UNITS}, such as "${example}": ${got}`;
  }
  if (!Number.isInteger(ms)) return `${name} must come to whole milliseconds: ${got}`;
  if (isIntegerWithin(ms, range)) return undefined;
  return `${name} must be from ${showDuration(range.min)} to ${showDuration(range.max)}: ${got}`;
}

/** Compiles `limit` and `burst`, and returns what they stand for, in one line. */
function compileLimit(given: Given, compiled: Compiling, prefix: string): string | undefined {
  const { limit, burst } = given;
  if (limit === undefined && burst === undefined) return undefined;
  delete compiled.fields["limit"];
  delete compiled.fields["burst"];
  if (limit === undefined) {
    const message = `${prefix}burst needs a limit, such as limit = "100/1m": got burst ${showValue(burst)} alone`;
    compiled.faults.push({ field: `${prefix}burst`, message });
    return undefined;
  }
  const check = checkWindowLimit(limit, burst, prefix);
  if (!check.ok) compiled.faults.push(check.fault);
  const numbers = Object.keys(tokenBucketFields);
  const rivals = [...numbers, ...durationNames(tokenBucketFields), "every"];
  const beside = rivals.filter((name) => given[name] !== undefined);
  if (beside.length > 0) {
    const message = `${prefix}limit stands for ${numbers.join(", ")}: leave out ${beside.join(", ")}`;
    compiled.faults.push({ field: `${prefix}limit`, message });
  }
  const written = check.ok || beside.length > 0 ? `${prefix}limit` : check.fault.field;
  for (const name of numbers) compiled.writtenAs.set(prefix + name, written);
  if (!check.ok || beside.length > 0) return undefined;
  Object.assign(compiled.fields, check.fields);
  return showWindowLimit(check.limit, check.fields);
}
