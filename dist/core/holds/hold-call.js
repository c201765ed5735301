import { isPlainObject } from "../is-record.js";
import { LIMIT_NAME, LIMIT_NAME_RULE } from "../limits/limit-name.js";
import { holdFields } from "../policy-tables.js";
import { integerFault, isIntegerWithin, showValue } from "../values.js";
/** The members of a call, in the order in which messages list them. */
const MEMBERS = ["used", "atLeast", "extendMs"];
/** What a number of tokens may be: up to the largest capacity, whatever was reserved. */
const USED = { min: 0, max: 1_000_000_000 };
/** How many limits may be named: no bucket has more. */
const MAX_NAMED = 8;
/**
 * Checks a call that may be anything, as far as it can be told without the hold: exactly one of `used` and
 * `atLeast`, 0 to 1,000,000,000 tokens or an object of them by the limit's name, and `extendMs`, 1,000 to
 * 3,600,000. A member that is `undefined` counts as left out.
 *
 * @example
 * checkHoldCall({ used: 2_311 }); // { ok: true, call: { used: 2311 } }
 */
export function checkHoldCall(fields) {
    const { used, atLeast, extendMs } = fields;
    const faults = [
        ...unknownMembers(fields),
        ...choiceFaults(MEMBERS.filter((member) => fields[member] !== undefined)),
        ...tokensFaults("used", used),
        ...tokensFaults("atLeast", atLeast),
        ...(extendMs === undefined || isIntegerWithin(extendMs, holdFields.maxMs)
            ? []
            : [integerFault("extendMs", extendMs, holdFields.maxMs)]),
    ];
    if (faults.length > 0)
        return { ok: false, faults };
    if (isTokens(used))
        return { ok: true, call: { used } };
    if (isTokens(atLeast))
        return { ok: true, call: { atLeast } };
    return { ok: true, call: { extendMs: Number(extendMs) } };
}
function unknownMembers(fields) {
    const unknown = Object.keys(fields).filter((field) => !MEMBERS.includes(field));
    return unknown.map((field) => {
        return { field, message: `${showValue(field)} is not one of ${MEMBERS.join(", ")}` };
    });
}
/** It must be one of them. */
function choiceFaults(given) {
    const [first, second] = given;
    if (first === undefined) {
        return [{ field: "used", message: `One of ${MEMBERS.join(", ")} must be given` }];
    }
    if (second === undefined)
        return [];
    const message = `${given.join(" and ")} exclude each other: give one of them`;
    return [{ field: second, message }];
}
function tokensFaults(field, tokens) {
    if (tokens === undefined)
        return [];
    if (typeof tokens === "number")
        return countFaults(field, tokens);
    if (!isPlainObject(tokens)) {
        const message = `${field} must be an integer, or an object of integers by the limit's name: got ${showValue(tokens)}`;
        return [{ field, message }];
    }
    const named = Object.entries(tokens);
    if (named.length > MAX_NAMED) {
        const message = `${field} may name at most ${MAX_NAMED} limits: got ${named.length}`;
        return [{ field, message }];
    }
    return named.flatMap(([name, count]) => {
        if (LIMIT_NAME.test(name))
            return countFaults(`${field}.${name}`, count);
        const message = `A limit's name must be ${LIMIT_NAME_RULE}: got ${showValue(name)}`;
        return [{ field: `${field}.${name}`, message }];
    });
}
function countFaults(field, count) {
    return isIntegerWithin(count, USED) ? [] : [integerFault(field, count, USED)];
}
/** Whether there are tokens, of what has been checked. */
function isTokens(checked) {
    return checked !== undefined;
}
