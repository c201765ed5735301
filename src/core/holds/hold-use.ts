/** What a hold's holder says it used: whether that is legal, what may come back, and what is owed. */
import type { NamedTokens } from "../limits/cost.ts";
import type { HeldLimit } from "../limits/reserves.ts";
import type { FieldFault } from "../values.ts";
import type { HoldState } from "./grant-row.ts";

import { showValue } from "../values.ts";

type Parts = HoldState["limits"];

/** What is used of each limit, or what is wrong with it. */
type Use = { readonly tokens: NamedTokens } | { readonly faults: readonly FieldFault[] };

/** What each limit gets of `valueOf`. */
export function mapParts<Value>(
  parts: Parts,
  valueOf: (part: HeldLimit, name: string) => Value,
): Readonly<Record<string, Value>> {
  const entries = Object.entries(parts).map(([name, part]) => [name, valueOf(part, name)] as const);
  return Object.fromEntries(entries);
}

/** 0 of each limit. */
export function zerosOf(parts: Parts): NamedTokens {
  return mapParts(parts, () => 0);
}

/** What a holder says it used: of the whole, or so far. */
type UseField = "used" | "atLeast";

/**
 * What `used` says of each limit. A number counts for each of them, if the hold took the same of all. A limit that
 * isn't named is used up as reserved, or, so far, as it was.
 */
export function useOf(parts: Parts, field: UseField, used: number | NamedTokens): Use {
  if (typeof used !== "number") return checked(parts, field, used);
  const reserved = mapParts(parts, (part) => part.reserved);
  const most = Math.max(...Object.values(reserved));
  if (Object.values(reserved).every((tokens) => tokens === most)) {
    return checked(
      parts,
      field,
      mapParts(parts, () => used),
    );
  }
  // A number that names none is nearly always of what the hold took most of: LLM tokens, not requests.
  const meant = Object.entries(reserved).filter(([, tokens]) => tokens === most);
  const example = JSON.stringify(Object.fromEntries(meant.map(([name]) => [name, used])));
  const message = `${field} must name the limits, as in ${example}: the hold took ${JSON.stringify(reserved)}, got ${used}`;
  return { faults: [{ field, message }] };
}

/** What `use`, compared with what was used before, is beyond what was reserved; `undefined` if nothing is. */
export function debtOf(parts: Parts, use: NamedTokens): NamedTokens | undefined {
  const debts = mapParts(parts, ({ reserved, spent }, name) => {
    return Math.max(0, (use[name] ?? 0) - reserved) - Math.max(0, spent - reserved);
  });
  const owed = Object.entries(debts).filter(([, tokens]) => tokens > 0);
  return owed.length > 0 ? Object.fromEntries(owed) : undefined;
}

/** Whether both are the same, limit by limit. */
export function isSameUse(one: NamedTokens, other: NamedTokens): boolean {
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
  );
}

function checked(parts: Parts, field: UseField, named: NamedTokens): Use {
  const unknown = Object.keys(named).filter((name) => !Object.hasOwn(parts, name));
  const isWhole = field === "used";
  const tokens = mapParts(parts, ({ reserved, spent }, name) => {
    if (Object.hasOwn(named, name)) return named[name] ?? 0;
    return isWhole ? Math.max(reserved, spent) : spent;
  });
  const less = Object.entries(parts).filter(([name, { spent }]) => {
    return isWhole && (tokens[name] ?? 0) < spent;
  });
  const known = Object.keys(parts).join(", ");
  const faults = [
    ...unknown.map((name) => {
      const message = `${showValue(name)} is no limit of this hold: ${known}`;
      return { field: `${field}.${name}`, message };
    }),
    ...less.map(([name, { spent }]) => {
      const got = tokens[name];
      const message = `${field}.${name} must be at least the ${spent} that were spent: got ${got}`;
      return { field: `${field}.${name}`, message };
    }),
  ];
  return faults.length > 0 ? { faults } : { tokens };
}
