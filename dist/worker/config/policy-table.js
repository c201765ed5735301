import { showValue } from "../../core/values.js";
import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.js";
import { isRecord } from "../../core/is-record.js";
import { checkWrittenPolicy } from "../../core/written-policy.js";
import { timeZones } from "../../time-zones.js";
/** The rule in words, for messages. */
export const BUCKET_PATTERN_RULE = `a pattern is "*", or a bucket's name, or a prefix with "*" at its end and nowhere else: ${BUCKET_NAME_RULE}`;
/** Whether `value` is a legal pattern. */
export function isBucketPattern(value) {
    if (typeof value !== "string")
        return false;
    return value === "*" || isBucketName(isPrefix(value) ? prefixOf(value) : value);
}
/** Whether the pattern stands for all names with a prefix, rather than for one name. */
function isPrefix(pattern) {
    return pattern.endsWith("*");
}
/** Whether the pattern matches the bucket `name`. */
export function matchesPattern(pattern, name) {
    return isPrefix(pattern) ? name.startsWith(prefixOf(pattern)) : name === pattern;
}
/** Whether every name that `inner` can stand for matches `outer`. */
export function includesPattern(outer, inner) {
    if (!isPrefix(outer))
        return inner === outer;
    return (isPrefix(inner) ? prefixOf(inner) : inner).startsWith(prefixOf(outer));
}
function prefixOf(pattern) {
    return pattern.slice(0, -1);
}
/** The configured policies by pattern. */
export class PolicyTable {
    #exact = new Map();
    /** Policies of prefixes, the longest first. */
    #byPrefix = [];
    /**
     * Reads the table from the configuration: an object, or the same as JSON text, which is what `wrangler dev
     * --var` passes.
     *
     * @throws {RangeError} If the table is missing or illegal in any way; the message lists every fault by
     * name.
     */
    constructor(configured) {
        const { policies, faults } = readPolicies(configured);
        if (faults.length > 0)
            throw new RangeError(faults.join("; "));
        for (const { policy } of policies) {
            if (isPrefix(policy.name))
                this.#byPrefix.push(policy);
            else
                this.#exact.set(policy.name, policy);
        }
        this.#byPrefix.sort((a, b) => b.name.length - a.name.length);
    }
    /** The policies, those of exact names first, and the longer prefixes before the shorter ones. */
    *[Symbol.iterator]() {
        yield* this.#exact.values();
        yield* this.#byPrefix;
    }
    /** Names of the buckets that have a policy under their exact name. */
    exactNames() {
        return this.#exact.keys();
    }
    /** The policy of the bucket `name`; `undefined` if no pattern matches it. */
    find(name) {
        const exact = this.#exact.get(name);
        if (exact)
            return exact;
        for (const policy of this.#byPrefix)
            if (matchesPattern(policy.name, name))
                return policy;
        return undefined;
    }
}
/**
 * The configured policies that are legal, and everything that is wrong with the others.
 *
 * @param configured As for `PolicyTable`.
 */
export function readPolicies(configured) {
    const policies = [];
    const faults = [];
    const table = readTable(configured);
    if (typeof table === "string")
        return { policies, faults: [table] };
    for (const [pattern, fields] of Object.entries(table)) {
        const entry = readEntry(pattern, fields);
        if (entry.ok)
            policies.push(entry);
        else
            faults.push(...entry.faults.map((fault) => `POLICIES.${showValue(pattern)}: ${fault}`));
    }
    return { policies, faults };
}
/** The table, or what is wrong with all of it. */
function readTable(configured) {
    let table = configured;
    if (typeof configured === "string") {
        try {
            table = JSON.parse(configured);
        }
        catch {
            return `POLICIES is not JSON: got ${showValue(configured)}`;
        }
    }
    return isRecord(table)
        ? table
        : `POLICIES must be a table of policies by pattern: got ${showValue(table)}`;
}
function readEntry(pattern, fields) {
    if (!isBucketPattern(pattern))
        return { ok: false, faults: [BUCKET_PATTERN_RULE] };
    if (!isRecord(fields)) {
        return { ok: false, faults: [`must be a table of fields: got ${showValue(fields)}`] };
    }
    const check = checkWrittenPolicy(fields, timeZones);
    if (!check.ok)
        return { ok: false, faults: check.faults.map(({ message }) => message) };
    const { policy, shown } = check;
    return { ok: true, policy: { name: pattern, ...policy.toJSON() }, shown };
}
