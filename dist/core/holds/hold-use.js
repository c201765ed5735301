import { showValue } from "../values.js";
/** What each limit gets of `valueOf`. */
export function mapParts(parts, valueOf) {
    const entries = Object.entries(parts).map(([name, part]) => [name, valueOf(part, name)]);
    return Object.fromEntries(entries);
}
/** 0 of each limit. */
export function zerosOf(parts) {
    return mapParts(parts, () => 0);
}
/**
 * What `used` says of each limit. A number counts for each of them, if the hold took the same of all. A limit that
 * isn't named is used up as reserved, or, so far, as it was.
 */
export function useOf(parts, field, used) {
    if (typeof used !== "number")
        return checked(parts, field, used);
    const reserved = mapParts(parts, (part) => part.reserved);
    const most = Math.max(...Object.values(reserved));
    if (Object.values(reserved).every((tokens) => tokens === most)) {
        return checked(parts, field, mapParts(parts, () => used));
    }
    // A number that names none is nearly always of what the hold took most of: LLM tokens, not requests.
    const meant = Object.entries(reserved).filter(([, tokens]) => tokens === most);
    const example = JSON.stringify(Object.fromEntries(meant.map(([name]) => [name, used])));
    const message = `${field} must name the limits, as in ${example}: the hold took ${JSON.stringify(reserved)}, got ${used}`;
    return { faults: [{ field, message }] };
}
/** What `use`, compared with what was used before, is beyond what was reserved; `undefined` if nothing is. */
export function debtOf(parts, use) {
    const debts = mapParts(parts, ({ reserved, spent }, name) => {
        return Math.max(0, (use[name] ?? 0) - reserved) - Math.max(0, spent - reserved);
    });
    const owed = Object.entries(debts).filter(([, tokens]) => tokens > 0);
    return owed.length > 0 ? Object.fromEntries(owed) : undefined;
}
/** Whether both are the same, limit by limit. */
export function isSameUse(one, other) {
    const names = Object.keys(one);
    return (names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]));
}
function checked(parts, field, named) {
    const unknown = Object.keys(named).filter((name) => !Object.hasOwn(parts, name));
    const isWhole = field === "used";
    const tokens = mapParts(parts, ({ reserved, spent }, name) => {
        if (Object.hasOwn(named, name))
            return named[name] ?? 0;
        return isWhole ? Math.max(reserved, spent) : spent;
    });
    const less = Object.entries(parts).filter(([name, { spent }]) => {
        return isWhole && (tokens[name] ?? 0) < spent;
    });
    const known = Object.keys(parts).join(", ");
    const faults = [
        ...unknown.map((name) => {
            const message = `${showValue(name)} is no limit of this hold: ${known}`;
            return { field: `${field}.${name}`, message };
        }),
        ...less.map(([name, { spent }]) => {
            const got = tokens[name];
            const message = `${field}.${name} must be at least the ${spent} that were spent: got ${got}`;
            return { field: `${field}.${name}`, message };
        }),
    ];
    return faults.length > 0 ? { faults } : { tokens };
}
