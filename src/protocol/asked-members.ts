/**
 * What an acquire may say, whichever way it comes: in a query, in a body, or in a message of a session. Each rule is
 * here once, with the words that a fault has for it.
 */
import type { Ask } from "../core/ask.ts";
import type { FieldFault, Range } from "../core/values.ts";

import { tokensFault } from "../core/ask.ts";
import { MAX_FURTHER_LIMITS, queueFields } from "../core/policy.ts";
import { holdFields } from "../core/policy-tables.ts";
import { isPrintable, label as labelText, printableFault } from "./printable-text.ts";
import { integerFault, isIntegerWithin, showValue } from "../core/values.ts";

/** Minimum and maximum of each number, both inclusive, for any bucket. */
export const acquireRanges = {
  tokens: { min: 0, max: Number.MAX_SAFE_INTEGER },
  timeoutMs: queueFields.maxWaitMs,
  holdMs: holdFields.maxMs,
} as const satisfies Readonly<Record<string, Range>>;

/** What the names of fields begin with that are of one limit each. */
const NAMED_TOKENS = "tokens.";
/** How many of them there may be: no bucket has more limits. */
const MAX_NAMED_TOKENS = MAX_FURTHER_LIMITS + 1;

/** An ask without its key, which is elsewhere over HTTP. */
type AskedMembers = Omit<Ask, "idempotencyKey">;

/** Reads fields one by one and collects what is wrong with them. */
export class FieldReader {
  readonly faults: FieldFault[] = [];
  readonly #valuesOf: (field: string) => readonly unknown[];

  /** @param valuesOf All values that are given for a field. More than one are a fault. */
  constructor(valuesOf: (field: string) => readonly unknown[]) {
    this.#valuesOf = valuesOf;
  }

  /** `undefined` if the field is missing, which is allowed. */
  integer(field: string, range: Range, faultIn = integerFault): number | undefined {
    return this.one(
      field,
      (value) => isIntegerWithin(value, range),
      (value) => faultIn(field, value, range),
    );
  }

  /** `undefined` if the field is missing or empty, which is allowed. */
  label(field: string): string | undefined {
    const text = this.one(
      field,
      (value) => isPrintable(value, labelText),
      (value) => printableFault(field, value, labelText),
    );
    return text === "" ? undefined : text;
  }

  /** The one value of a field, which must be legal. `undefined` if the field is missing, which is allowed. */
  one<Value>(
    field: string,
    isLegal: (value: unknown) => value is Value,
    faultOf: (value: unknown) => FieldFault,
  ): Value | undefined {
    const values = this.#valuesOf(field);
    const [value] = values;
    if (values.length === 0) return undefined;
    if (values.length === 1 && isLegal(value)) return value;
    this.addFault(values, faultOf(value));
    return undefined;
  }

  /** Notes `fault` of a field with these `values`, or that there are too many of them. */
  addFault(values: readonly unknown[], fault: FieldFault): void {
    const { field } = fault;
    const isRepeated = values.length > 1;
    const repeated = { field, message: `${field} is given ${values.length} times` };
    this.faults.push(isRepeated ? repeated : fault);
  }
}

/** The members of an ask. `reader` notes what is wrong with them. `names` are those of all fields that are given. */
export function readAskedMembers(reader: FieldReader, names: Iterable<string>): AskedMembers {
  const named = new Set([...names].filter(isNamedTokens));
  // Without tokens of a single limit, 0 would be nothing.
  const min = named.size > 0 ? 0 : 1;
  const tokens = reader.integer("tokens", { ...acquireRanges.tokens, min }, allTokensFault) ?? 1;
  const limits = readNamedTokens(reader, named);
  const timeoutMs = reader.integer("timeoutMs", acquireRanges.timeoutMs);
  const holdMs = reader.integer("holdMs", acquireRanges.holdMs);
  const label = reader.label("label");
  return {
    tokens,
    ...(limits && { limits }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(holdMs !== undefined && { holdMs }),
    ...(label !== undefined && { label }),
  };
}

/**
 * A fault for each of `names` that isn't in `known`.
 *
 * @param takesNamed Whether there may be `tokens.NAME`.
 */
export function unknownMembers(
  names: readonly string[],
  known: readonly string[],
  takesNamed: boolean,
): FieldFault[] {
  const unknown = names.filter((field) => {
    return !known.includes(field) && !(takesNamed && isNamedTokens(field));
  });
  const listed = [...known, ...(takesNamed ? [`${NAMED_TOKENS}NAME`] : [])].join(", ");
  return unknown.map((field) => {
    return { field, message: `${showValue(field)} is not one of ${listed}` };
  });
}

/** `tokensFault` in the words of a query. */
function allTokensFault(field: string, tokens: unknown, range: Range): FieldFault {
  return tokensFault(field, tokens, range, `${NAMED_TOKENS}NAME`);
}

/** The tokens of single limits, `tokens.NAME`; `undefined` if there are none. */
function readNamedTokens(
  reader: FieldReader,
  fields: ReadonlySet<string>,
): Readonly<Record<string, number>> | undefined {
  if (fields.size === 0) return undefined;
  if (fields.size > MAX_NAMED_TOKENS) {
    const message = `tokens.NAME may be given for at most ${MAX_NAMED_TOKENS} limits: got ${fields.size}`;
    reader.faults.push({ field: NAMED_TOKENS, message });
    return undefined;
  }
  const limits = [...fields].map((field) => {
    const tokens = reader.integer(field, acquireRanges.tokens) ?? 0;
    return [field.slice(NAMED_TOKENS.length), tokens] as const;
  });
  // Whatever the names are, `__proto__` included, they are members.
  return Object.fromEntries(limits);
}

function isNamedTokens(field: string): boolean {
  return field.startsWith(NAMED_TOKENS);
}
