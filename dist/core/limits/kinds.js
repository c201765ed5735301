import { completeFields, excessFaults, missingFaults, rangeFaults, writtenNames, } from "../fields.js";
import { showValue } from "../values.js";
import { calendar } from "./calendar.js";
import { calendarFields } from "./calendar-fields.js";
import { limitSpec } from "./limit.js";
import { tokenBucket } from "./token-bucket.js";
import { tokenBucketFields } from "./token-bucket-fields.js";
/** The fields that stand for a token bucket's numbers where people write a policy; see ../window-limit.ts. */
export const shorthandNames = ["limit", "burst"];
/** All names under which people may write the fields of either kind, or of the one that is meant. */
export function limitNamesOf(table) {
    return table === calendarFields
        ? writtenNames(table)
        : [...writtenNames(table), ...shorthandNames];
}
/** The table of the kind that is meant. */
export function limitFieldsOf(given) {
    return "every" in given && given.every !== undefined ? calendarFields : tokenBucketFields;
}
/** The table of the kind that `changes` make of the limit that `current` is: fields of one kind only decide. */
export function limitFieldsAfter(current, changes) {
    if (changes["every"] !== undefined)
        return calendarFields;
    return hasOwnFieldOf(tokenBucketFields, changes) ? tokenBucketFields : limitFieldsOf(current);
}
/** Whether fields of both kinds are given that only one of them has. */
export function isMixed(given) {
    return hasOwnFieldOf(tokenBucketFields, given) && hasOwnFieldOf(calendarFields, given);
}
/** A fault for each field that only the other kind has. */
export function mixedFaults(given, prefix = "") {
    return strayFields(given).map((name) => {
        const message = given["every"] === undefined
            ? `${prefix}${name} needs ${prefix}every, as in ${prefix}every = "day"`
            : `${prefix}${name} does not go with ${prefix}every: a calendar limit fills up at each boundary`;
        return { field: prefix + name, message };
    });
}
/** The fields without those that only the other kind has. */
export function withoutStray(given) {
    const stray = strayFields(given);
    return Object.fromEntries(Object.entries(given).filter(([name]) => !stray.includes(name)));
}
/**
 * Everything that is wrong with a limit.
 *
 * @param zones Absent for a change: it replaces the limit as a whole, and time zones aren't looked up.
 */
export function limitFaults(given, prefix, zones) {
    const table = limitFieldsOf(given);
    const allowed = limitNamesOf(table).map((name) => prefix + name);
    const why = zones
        ? ""
        : `: ${prefix.slice(0, -1)} is replaced as a whole, so give all of its fields`;
    return [
        ...rangeFaults(table, withoutStray(given), allowed, prefix),
        ...mixedFaults(given, prefix),
        ...missingFaults(table, given, prefix, why),
        ...excessFaults(table, given, prefix),
        ...(zones ? zoneFaults(given, zones, prefix) : []),
    ];
}
/** A fault if `zones` doesn't know the time zone. */
export function zoneFaults(given, zones, prefix = "") {
    const { every, timeZone } = given;
    const { pattern, form } = calendarFields.timeZone;
    if (every === undefined || typeof timeZone !== "string" || !pattern.test(timeZone))
        return [];
    if (zones.zoneOf(timeZone))
        return [];
    const field = `${prefix}timeZone`;
    return [{ field, message: `${field} must be ${form}: got ${showValue(timeZone)}` }];
}
/** All fields of a limit, defaults filled in; `undefined` if one is missing or illegal. */
export function completeLimit(given) {
    return given["every"] === undefined
        ? completeFields(tokenBucketFields, given)
        : completeFields(calendarFields, given);
}
/** The limit called `name` of a complete policy. @throws {RangeError} If `zones` doesn't know its time zone. */
export function specOf(name, fields, zones) {
    if (fields.every === undefined)
        return limitSpec(name, tokenBucket, fields);
    const zone = zones.zoneOf(fields.timeZone);
    if (!zone)
        throw new RangeError(`There is no time zone ${showValue(fields.timeZone)}`);
    return limitSpec(name, calendar, { ...fields, zone });
}
/** Fields that are given and that only the other kind has. */
function strayFields(given) {
    const own = limitFieldsOf(given);
    const other = own === calendarFields ? tokenBucketFields : calendarFields;
    return Object.keys(other).filter((name) => {
        return given[name] !== undefined && !Object.hasOwn(own, name);
    });
}
/** Whether a field is given that only `table`, of the two, has. */
function hasOwnFieldOf(table, given) {
    const other = table === calendarFields ? tokenBucketFields : calendarFields;
    return Object.keys(table).some((name) => {
        return given[name] !== undefined && !Object.hasOwn(other, name);
    });
}
