import { isRecord } from "./is-record.js";
import { integerFault, isIntegerWithin, showValue } from "./values.js";
/** The ending of a name whose field counts milliseconds. */
export const MS = "Ms";
/** The names under which a table's fields take durations where people write them, such as `maxWait`. */
export function durationNames(table) {
    return Object.keys(table)
        .filter((name) => name.endsWith(MS))
        .map((name) => name.slice(0, -MS.length));
}
/** All names under which people may write a table's fields, for messages. */
export function writtenNames(table) {
    return [...Object.keys(table), ...durationNames(table)];
}
/**
 * What is wrong with each of the fields given on its own, unknown ones included. Fields that are missing,
 * or that don't fit together, are no faults here.
 *
 * @param allowed The names that a message about an unknown field lists.
 * @param prefix What messages put in front of each name, such as `lease.`.
 */
export function rangeFaults(table, given, allowed, prefix = "") {
    const faults = [];
    for (const [name, field] of Object.entries(table)) {
        const value = given[name];
        if (value === undefined || isLegal(field, given, value))
            continue;
        faults.push(valueFault(prefix + name, field, given, value, prefix));
    }
    for (const name of Object.keys(given)) {
        if (Object.hasOwn(table, name))
            continue;
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
export function missingFaults(table, given, prefix = "", why = "") {
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
export function excessFaults(table, given, prefix = "") {
    const faults = [];
    for (const [field, { atMost }] of integerFieldsOf(table)) {
        if (atMost === undefined)
            continue;
        const [value, most] = [valueIn(table, given, field), valueIn(table, given, atMost)];
        if (value === undefined || most === undefined || value <= most)
            continue;
        const message = `${prefix}${field} must be at most the ${prefix}${atMost}, ${most}: got ${value}`;
        faults.push({ field: prefix + field, message });
    }
    return faults;
}
/**
 * What is wrong with a field that is a table itself, such as `lease`: given as a whole, or not at all.
 * `undefined` and `null` mean that it is not given.
 */
export function nestedFaults(name, table, value) {
    if (value === undefined || value === null)
        return [];
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
function listOf(names) {
    return [names.slice(0, -1).join(", "), ...names.slice(-1)]
        .filter((part) => part !== "")
        .join(" and ");
}
export function completeFields(table, given) {
    const values = {};
    for (const [name, field] of Object.entries(table)) {
        const value = valueIn(table, given, name);
        if (value !== undefined)
            values[name] = value;
        else if (given[name] !== undefined || plainFieldOf(field, given))
            return undefined;
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
export function mergeFields(table, current, changes) {
    const merged = { ...current, ...changes };
    for (const [name, field] of Object.entries(table)) {
        if (changes[name] !== undefined)
            continue;
        const value = current[name];
        if ("by" in field) {
            if (changes[field.by] !== undefined && value === defaultOf(table, current, name)) {
                delete merged[name];
            }
            else if (!isLegal(field, merged, value))
                delete merged[name];
        }
        else if ("min" in field) {
            const { default: standard, atMost } = field;
            if (typeof standard === "object" && value === defaultOf(table, current, name)) {
                delete merged[name];
            }
            else if (atMost !== undefined)
                merged[name] = cutTo(table, merged, atMost, value);
        }
    }
    return merged;
}
/** Whether both have the same value in each field of the table, or both are absent. */
export function areEqual(table, one, other) {
    if (one === other)
        return true;
    if (!one || !other)
        return !one && !other;
    // Runs for each acquire: a plain loop, which allocates nothing.
    for (const name in table)
        if (one[name] !== other[name])
            return false;
    return true;
}
function integerFieldsOf(table) {
    return Object.entries(table).flatMap(([name, field]) => ("min" in field ? [[name, field]] : []));
}
/** A field itself, or what it is beside the others that are given; `undefined` if it must be left out. */
function plainFieldOf(field, given) {
    if (!("by" in field))
        return field;
    const choice = given[field.by];
    return typeof choice === "string" && Object.hasOwn(field.when, choice)
        ? field.when[choice]
        : undefined;
}
/** Whether `value` is legal for a field. One that depends on a choice that isn't given may be any of its kinds. */
function isLegal(field, given, value) {
    const plain = plainFieldOf(field, given);
    if (plain)
        return isLegalAlone(plain, value);
    if (!("by" in field) || given[field.by] !== undefined)
        return false;
    return Object.values(field.when).some((one) => isLegalAlone(one, value));
}
function isLegalAlone(field, value) {
    if ("min" in field)
        return isIntegerWithin(value, field);
    if (typeof value !== "string")
        return false;
    return "oneOf" in field ? field.oneOf.includes(value) : field.pattern.test(value);
}
function valueFault(shown, field, given, value, prefix) {
    const plain = plainFieldOf(field, given);
    if (plain && "min" in plain)
        return integerFault(shown, value, plain);
    const got = `got ${showValue(value)}`;
    if (plain)
        return { field: shown, message: `${shown} must be ${formOf(plain)}: ${got}` };
    if (!("by" in field))
        throw new TypeError(`${shown} is of no kind`);
    const forms = Object.entries(field.when).map(([choice, one]) => {
        return `${formOf(one)} if ${prefix}${field.by} is "${choice}"`;
    });
    return {
        field: shown,
        message: `${shown} must be ${forms.join(", ")}, and left out otherwise: ${got}`,
    };
}
function formOf(field) {
    if ("min" in field)
        return `an integer from ${field.min} to ${field.max}`;
    return "oneOf" in field ? `one of ${field.oneOf.join(", ")}` : field.form;
}
/** The value of a field, as given or by default; `undefined` if it is missing, illegal or to be left out. */
function valueIn(table, given, name) {
    const field = table[name];
    const value = given[name];
    if (field === undefined)
        return undefined;
    if (value === undefined)
        return defaultOf(table, given, name);
    return isLegal(field, given, value) ? value : undefined;
}
/** The default of a field beside the others that are given; `undefined` if it has none. */
function defaultOf(table, given, name) {
    const field = table[name];
    // What a field depends on may itself be a default.
    const standard = field && plainFieldOf(field, given)?.default;
    if (typeof standard !== "object")
        return standard;
    const others = standard.minOf.map((other) => valueIn(table, given, other));
    return others.every((other) => typeof other === "number") ? Math.min(...others) : undefined;
}
/** A number, cut to that of the field `atMost`. A faulty maximum gets one fault, and this none because of it. */
function cutTo(table, merged, atMost, value) {
    const most = merged[atMost];
    const field = table[atMost];
    if (typeof value !== "number" || !field || !("min" in field))
        return value;
    return isIntegerWithin(most, { min: field.min, max: value }) ? most : value;
}
