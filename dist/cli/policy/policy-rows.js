import { isRecord } from "../../core/is-record.js";
import { matchesPattern, PolicyTable } from "../../worker/config/policy-table.js";
/** The rows of legal policies that are in no particular order. */
export function rowsOf(policies) {
    const table = policies.map(({ name, ...fields }) => [name, fields]);
    return [...new PolicyTable(Object.fromEntries(table))];
}
/** The policy of a bucket; `undefined` if no pattern matches it. */
export function policyOf(rows, bucket) {
    return rows.find(({ name }) => matchesPattern(name, bucket));
}
/**
 * What is different, one line each; empty if nothing is.
 *
 * @example
 * changesBetween(before, after); // ["capacity 10 -> 20", "limits.day.capacity none -> 5000"]
 */
export function changesBetween(before, after) {
    const [one, two] = [new Map(membersIn(before)), new Map(membersIn(after))];
    const names = [...new Set([...one.keys(), ...two.keys()])];
    return names
        .filter((name) => one.get(name) !== two.get(name))
        .map((name) => `${name} ${one.get(name) ?? "none"} -> ${two.get(name) ?? "none"}`);
}
/** Each member with its path and value as text, those of nested tables too; without the pattern. */
function* membersIn(fields, prefix = "") {
    for (const [name, value] of Object.entries(fields)) {
        if (isRecord(value))
            yield* membersIn(value, `${prefix}${name}.`);
        else if (prefix !== "" || name !== "name")
            yield [prefix + name, String(value)];
    }
}
/**
 * The body of a `PUT` that makes a bucket's policy the whole of `after`, whatever else it has now.
 *
 * `forgetAfterMs` is left out: a bucket with an override is never forgotten.
 *
 * @param current The policy that it has: limits that are not in `after` are removed by name.
 */
export function completeChanges(after, current) {
    const { name: _, forgetAfterMs: __, limits = {}, ...fields } = after;
    const removed = Object.keys(current.limits ?? {}).map((limit) => [limit, null]);
    return {
        lease: null,
        hold: null,
        concurrency: null,
        ...fields,
        limits: { ...Object.fromEntries(removed), ...limits },
    };
}
