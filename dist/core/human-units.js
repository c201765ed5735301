import { DURATION_UNITS, durationMs, showDuration } from "./duration.js";
import { durationNames, MS } from "./fields.js";
import { isRecord } from "./is-record.js";
import { shorthandNames } from "./limits/kinds.js";
import { tokenBucketFields } from "./limits/token-bucket-fields.js";
import { keepingFields, queueFields } from "./policy.js";
import { policyTables } from "./policy-tables.js";
import { integerFault, isIntegerWithin, showValue } from "./values.js";
import { checkWindowLimit, showWindowLimit } from "./window-limit.js";
/** The length of the durations that messages give as an example, where a field may be so long. */
const EXAMPLE_MS = 1_000;
/**
 * Compiles a policy, or a change of one, into numbers. Whatever is not in human units stays as it is, for
 * the checks of the policy to judge.
 *
 * @example
 * compilePolicy({ limit: "100/1m", maxWait: "30s" }).fields;
 * // { maxWaitMs: 30000, capacity: 10, refillTokens: 1, refillIntervalMs: 667, initialTokens: 10 }
 */
export function compilePolicy(given) {
    const found = { faults: [], writtenAs: new Map(), shown: new Map() };
    const table = { ...tokenBucketFields, ...queueFields, ...keepingFields };
    const fields = compileLimit(table, given, "", found);
    for (const [name, table] of Object.entries(policyTables)) {
        const nested = given[name];
        if (isRecord(nested))
            fields[name] = compileDurations(table, nested, `${name}.`, found);
    }
    const { limits } = given;
    if (isRecord(limits)) {
        const compiled = Object.entries(limits).map(([name, limit]) => {
            if (!isRecord(limit))
                return [name, limit];
            return [name, compileLimit(tokenBucketFields, limit, `limits.${name}.`, found)];
        });
        fields["limits"] = Object.fromEntries(compiled);
    }
    return { fields, ...found };
}
/**
 * All that is wrong: with the human forms, and what a check of the compiled fields found, named as it was
 * written and with what it stands for. What the check says of a field whose human form is at fault already
 * is left out.
 */
export function faultsAsWritten({ faults, writtenAs, shown }, found) {
    const atFault = new Set(faults.map(({ field }) => field));
    const others = found.flatMap((fault) => {
        const field = writtenAs.get(fault.field);
        if (field === undefined)
            return fault;
        if (atFault.has(field))
            return [];
        const message = [`${field}: ${fault.message}`, shown.get(field)].join("; ");
        return { field, message };
    });
    return [...faults, ...others];
}
/** The fields of one table, its durations in milliseconds. `prefix` is put in front of each name in `found`. */
function compileDurations(table, given, prefix, { faults, writtenAs, shown }) {
    const fields = { ...given };
    for (const name of durationNames(table)) {
        const number = name + MS;
        const range = table[number];
        const written = given[name] === undefined ? number : name;
        if (!range || !("min" in range) || (written === number && typeof given[number] !== "string"))
            continue;
        const fault = durationFault(name, range, given, prefix);
        delete fields[name];
        delete fields[number];
        writtenAs.set(prefix + number, prefix + written);
        if (fault === undefined) {
            const [text, ms] = [String(given[name]), durationMs(String(given[name]))];
            fields[number] = ms;
            shown.set(prefix + written, `${name} ${text} = ${number} ${ms}`);
        }
        else
            faults.push({ field: prefix + written, message: prefix + fault });
    }
    return fields;
}
/** What is wrong with a duration, or with text in place of the number; begins with the field's name. */
function durationFault(name, range, given, prefix) {
    const [duration, number] = [given[name], given[name + MS]];
    const example = showDuration(isIntegerWithin(EXAMPLE_MS, range) ? EXAMPLE_MS : range.min);
    if (duration === undefined) {
        const { message } = integerFault(name + MS, number, range);
        return `${message} (to give a unit, write ${prefix}${name} = "${example}")`;
    }
    if (number !== undefined)
        return `${name} is given twice: leave out ${prefix}${name}${MS}`;
    const ms = typeof duration === "string" ? durationMs(duration) : undefined;
    const got = `got ${showValue(duration)}`;
    if (ms === undefined) {
        return `${name} must be a number with a unit of ${DURATION_UNITS}, such as "${example}": ${got}`;
    }
    if (!Number.isInteger(ms))
        return `${name} must come to whole milliseconds: ${got}`;
    if (isIntegerWithin(ms, range))
        return undefined;
    return `${name} must be from ${showDuration(range.min)} to ${showDuration(range.max)}: ${got}`;
}
/** The fields of a policy or a limit, with `limit` and `burst` as the numbers that they stand for. */
function compileLimit(table, given, prefix, found) {
    const fields = compileDurations(table, given, prefix, found);
    const { limit, burst } = given;
    for (const name of shorthandNames)
        delete fields[name];
    if (limit === undefined && burst === undefined)
        return fields;
    const { faults, writtenAs, shown } = found;
    if (limit === undefined) {
        const message = `${prefix}burst needs a limit, such as limit = "100/1m": got burst ${showValue(burst)} alone`;
        faults.push({ field: `${prefix}burst`, message });
        return fields;
    }
    const check = checkWindowLimit(limit, burst, prefix);
    if (!check.ok)
        faults.push(check.fault);
    const numbers = Object.keys(tokenBucketFields);
    const rivals = [...numbers, ...durationNames(tokenBucketFields), "every"];
    const beside = rivals.filter((name) => given[name] !== undefined);
    if (beside.length > 0) {
        const message = `${prefix}limit stands for ${numbers.join(", ")}: leave out ${beside.join(", ")}`;
        faults.push({ field: `${prefix}limit`, message });
    }
    const written = check.ok || beside.length > 0 ? `${prefix}limit` : check.fault.field;
    for (const name of numbers)
        writtenAs.set(prefix + name, written);
    if (!check.ok || beside.length > 0)
        return fields;
    shown.set(written, showWindowLimit(check.limit, check.fields));
    return { ...fields, ...check.fields };
}
