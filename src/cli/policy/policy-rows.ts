/**
 * Tables of policies as rows, in the order of precedence: the first whose pattern matches a bucket is its policy. So
 * they come from `GET /policies`, and so they are made of a file.
 */
import type { CompletePolicyFields } from "../../core/policy.ts";
import type { NamedPolicyFields } from "../../protocol/bucket-snapshot.ts";

import { isRecord } from "../../core/is-record.ts";
import { matchesPattern, PolicyTable } from "../../worker/config/policy-table.ts";

export type PolicyRows = readonly NamedPolicyFields[];

/** The rows of legal policies that are in no particular order. */
export function rowsOf(policies: readonly NamedPolicyFields[]): PolicyRows {
  const table = policies.map(({ name, ...fields }) => [name, fields] as const);
  return [...new PolicyTable(Object.fromEntries(table))];
}

/** The policy of a bucket; `undefined` if no pattern matches it. */
export function policyOf(rows: PolicyRows, bucket: string): NamedPolicyFields | undefined {
  return rows.find(({ name }) => matchesPattern(name, bucket));
}

/**
 * What is different, one line each; empty if nothing is.
 *
 * @example
 * changesBetween(before, after); // ["capacity 10 -> 20", "limits.day.capacity none -> 5000"]
 */
export function changesBetween(
  before: CompletePolicyFields,
  after: CompletePolicyFields,
): readonly string[] {
  const [one, two] = [new Map(membersIn(before)), new Map(membersIn(after))];
  const names = [...new Set([...one.keys(), ...two.keys()])];
  return names
    .filter((name) => one.get(name) !== two.get(name))
    .map((name) => `${name} ${one.get(name) ?? "none"} -> ${two.get(name) ?? "none"}`);
}

/** Each member with its path and value as text, those of nested tables too; without the pattern. */
function* membersIn(fields: object, prefix = ""): Generator<[path: string, value: string]> {
  for (const [name, value] of Object.entries(fields)) {
    if (isRecord(value)) yield* membersIn(value, `${prefix}${name}.`);
    else if (prefix !== "" || name !== "name") yield [prefix + name, String(value)];
  }
}

/**
 * The body of a `PUT` that makes a bucket's policy the whole of `after`, whatever else it has now.
 *
 * `forgetAfterMs` is left out: a bucket with an override is never forgotten.
 *
 * @param current The policy that it has: limits that are not in `after` are removed by name.
 */
export function completeChanges(
  after: CompletePolicyFields,
  current: CompletePolicyFields,
): Readonly<Record<string, unknown>> {
  const { name: _, forgetAfterMs: __, limits = {}, ...fields }: Partial<NamedPolicyFields> = after;
  const removed = Object.keys(current.limits ?? {}).map((limit) => [limit, null] as const);
  return {
    lease: null,
    hold: null,
    concurrency: null,
    ...fields,
    limits: { ...Object.fromEntries(removed), ...limits },
  };
}
