import { checkHoldCall } from "../core/holds/hold-call.js";
import { FIRST_LIMIT } from "../core/limits/limit-name.js";
import { showValue, throwFaults } from "../core/values.js";
/**
 * Returns `used` as it is.
 *
 * @throws {RangeError} If it can't be what was used of a hold that took `taken`.
 */
export function checkUsed(used, { tokens, limits }) {
    if (used === undefined)
        throw new RangeError("used must be a number of tokens: got undefined");
    const check = checkHoldCall({ used });
    if (!check.ok)
        throwFaults(check.faults);
    const taken = new Map([[FIRST_LIMIT, tokens]]);
    for (const [name, limit] of Object.entries(limits ?? {}))
        taken.set(name, limit.tokens);
    if (typeof used === "number") {
        if ([...taken.values()].every((count) => count === tokens))
            return used;
        const held = JSON.stringify(Object.fromEntries(taken));
        throw new RangeError(`used must name the limits: the hold took ${held}, got ${used}`);
    }
    const unknown = Object.keys(used).find((name) => !taken.has(name));
    if (unknown === undefined)
        return used;
    const known = [...taken.keys()].join(", ");
    throw new RangeError(`${showValue(unknown)} is no limit of this hold: ${known}`);
}
