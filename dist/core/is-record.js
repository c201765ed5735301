/** Whether `value` is an object with members: not an array, not null. */
export function isRecord(value) {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
/** The members of `value`; none if it isn't an object with members. */
export function membersOf(value) {
    return isRecord(value) ? value : {};
}
/**
 * Whether `value` is an object as a literal or `JSON.parse` makes it, in any realm. Others, such as a `Date` or
 * a `Map`, keep what they are about where `Object.keys` doesn't find it.
 */
export function isPlainObject(value) {
    if (!isRecord(value))
        return false;
    const prototype = Object.getPrototypeOf(value);
    return prototype === null || Object.getPrototypeOf(prototype) === null;
}
