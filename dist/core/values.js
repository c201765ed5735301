/**
 * How a value from outside is checked, and how a message speaks of it. Knows no field by name, so that
 * everything that has fields, a policy as much as a pause or a query, checks its own in the same words.
 */
/** The longest piece of a wrong value that a message repeats, in characters. */
const SHOWN_VALUE_LENGTH = 40;
/** A wrong value as a message shows it: as JSON if it has a JSON form, cut if it is long. */
export function showValue(value) {
    let text;
    try {
        text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? typeof value);
    }
    catch {
        // A BigInt or a circular structure has no JSON form.
        text = typeof value;
    }
    if (text.length <= SHOWN_VALUE_LENGTH)
        return text;
    // Half a character is no text: some readers of JSON refuse all of a body that has one.
    return `${text.slice(0, SHOWN_VALUE_LENGTH).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
/** Whether `value` is an integer within the range. */
export function isIntegerWithin(value, { min, max }) {
    return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
}
/** What is wrong with `value`, for a field that must be an integer within the range. */
export function integerFault(field, value, { min, max }) {
    const message = `${field} must be an integer from ${min} to ${max}: got ${showValue(value)}`;
    return { field, message };
}
/** @throws {RangeError} If there is a fault; the message lists all of them. */
export function throwFaults(faults) {
    if (faults.length === 0)
        return;
    throw new RangeError(faults.map(({ message }) => message).join("; "));
}
/**
 * For numbers that code passes in, which are checked on each call.
 *
 * @throws {RangeError} If `value` isn't an integer from `min` to `max`.
 */
export function requireInteger(field, value, min, max) {
    if (Number.isInteger(value) && value >= min && value <= max)
        return;
    throw new RangeError(integerFault(field, value, { min, max }).message);
}
