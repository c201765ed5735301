import { isPlainObject } from "../../core/is-record.js";
import { asciiJson } from "../../protocol/text.js";
/** A later version with other rows has another number, and this one leaves them alone. */
const VERSION = 1;
const FOLLOWS = 1;
const WANTS_FIELDS = 2;
const ASKED_FOR_TIMEOUT = 4;
/** The places as text, in their order. */
export function encodePlaces(places) {
    const before = nothingBefore();
    const rows = Array.from(places, (place) => JSON.stringify(rowOf(place, before)));
    return asciiJson(`[${[VERSION, ...rows].join()}]`);
}
/** The places that a text lists; `undefined` if it can't be read. Takes any text. */
export function decodePlaces(text) {
    try {
        const [version, ...rows] = listOf(JSON.parse(text));
        if (version !== VERSION)
            return undefined;
        const before = nothingBefore();
        return rows.map((row) => placeIn(listOf(row), before));
    }
    catch (error) {
        if (error instanceof Unreadable || error instanceof SyntaxError)
            return undefined;
        throw error;
    }
}
/** The text is not one of `encodePlaces`. */
class Unreadable extends Error {
    name = "Unreadable";
}
function nothingBefore() {
    return { id: 0, queuedAtMs: 0, arrivalNumber: 0, instance: "", ticketNumber: 0, terms: "" };
}
function rowOf(place, before) {
    const { id, ask, arrival, placeId } = place;
    const { queuedAtMs, arrivalNumber } = arrival;
    const row = [
        typeof id === "number" ? idIn(id, before) : id,
        queuedAtMs - before.queuedAtMs,
        arrivalNumber - before.arrivalNumber,
        ask.idempotencyKey ?? 0,
        placeId === undefined ? 0 : ticketIn(placeId, before),
    ];
    const terms = withoutZeros(termsOf(place));
    const text = JSON.stringify(terms);
    if (text !== before.terms)
        row.push(...terms);
    if (typeof id === "number")
        before.id = id;
    Object.assign(before, { queuedAtMs, arrivalNumber, terms: text });
    return withoutZeros(row);
}
/** How much more it is than the one before; in brackets as it is, if that difference is no safe integer. */
function idIn(id, before) {
    const difference = id - before.id;
    return Number.isSafeInteger(difference) ? difference : [id];
}
/** What waiters of a session mostly have in common. */
function termsOf(place) {
    const { ask, arrival, timeoutMs, isFollowing, hasFields, behindLater } = place;
    const { tokens, limits, holdMs = 0, label = 0 } = ask;
    const flags = (isFollowing ? FOLLOWS : 0) +
        (hasFields ? WANTS_FIELDS : 0) +
        (ask.timeoutMs === undefined ? 0 : ASKED_FOR_TIMEOUT);
    return [
        // No limit's name is empty.
        limits ? { "": tokens, ...limits } : tokens,
        timeoutMs,
        arrival.deadlineAtMs - arrival.queuedAtMs - timeoutMs,
        flags,
        holdMs,
        behindLater ? standingIn(behindLater) : 0,
        // Versions from before don't look at it.
        label,
    ];
}
/** Tickets of one instance count up, so the number is enough where the one before is of the same instance. */
function ticketIn(placeId, before) {
    const { instance, ticketNumber } = before;
    const [own, number] = partsOf(placeId);
    if (number === undefined)
        return placeId;
    Object.assign(before, { instance: own, ticketNumber: number });
    // 0 is no ticket.
    return own === instance && number !== ticketNumber ? number - ticketNumber : placeId;
}
function partsOf(placeId) {
    const [, instance = "", digits = ""] = /^(.+)\.(0|[1-9]\d{0,14})$/.exec(placeId) ?? [];
    return [instance, digits === "" ? undefined : Number(digits)];
}
function standingIn({ queuedAtMs, arrivalNumber, behindLater }) {
    const number = arrivalNumber ?? null;
    return behindLater ? [queuedAtMs, number, standingIn(behindLater)] : [queuedAtMs, number];
}
function withoutZeros(values) {
    return values.slice(0, values.findLastIndex((value) => value !== 0) + 1);
}
function placeIn(row, before) {
    const [idPart = 0, queuedMs = 0, arrivals = 0, key = 0, ticket = 0, ...ownTerms] = row;
    const id = typeof idPart === "string" ? idPart : idOf(idPart, before);
    const queuedAtMs = before.queuedAtMs + numberOf(queuedMs);
    const arrivalNumber = before.arrivalNumber + integerOf(arrivals);
    if (typeof id === "number")
        before.id = id;
    if (ownTerms.length > 0)
        before.terms = JSON.stringify(ownTerms);
    Object.assign(before, { queuedAtMs, arrivalNumber });
    const placeId = ticket === 0 ? undefined : placeIdOf(ticket, before);
    const [tokens = 0, wait = 0, late = 0, flags = 0, hold = 0, behind = 0, label = 0] = ownTerms.length > 0 ? ownTerms : listOf(JSON.parse(before.terms));
    const timeoutMs = countOf(wait);
    const deadlineAtMs = queuedAtMs + (timeoutMs + numberOf(late));
    const has = (flag) => (countOf(flags) & flag) !== 0;
    return {
        id,
        ask: {
            ...askedOf(tokens),
            ...(has(ASKED_FOR_TIMEOUT) && { timeoutMs }),
            ...(hold !== 0 && { holdMs: countOf(hold) }),
            ...(key !== 0 && { idempotencyKey: textOf(key) }),
            ...(label !== 0 && { label: textOf(label) }),
        },
        isFollowing: has(FOLLOWS),
        hasFields: has(WANTS_FIELDS),
        timeoutMs,
        arrival: { queuedAtMs, deadlineAtMs, arrivalNumber },
        ...(behind !== 0 && { behindLater: standingOf(behind) }),
        ...(placeId !== undefined && { placeId }),
    };
}
function idOf(part, before) {
    return Array.isArray(part) ? integerOf(part[0]) : integerOf(before.id + integerOf(part));
}
function placeIdOf(ticket, before) {
    if (typeof ticket === "number") {
        before.ticketNumber += integerOf(ticket);
        return `${before.instance}.${before.ticketNumber}`;
    }
    const placeId = textOf(ticket);
    const [instance, ticketNumber] = partsOf(placeId);
    if (ticketNumber !== undefined)
        Object.assign(before, { instance, ticketNumber });
    return placeId;
}
function askedOf(tokens) {
    if (!isPlainObject(tokens))
        return { tokens: countOf(tokens, 1) };
    const { "": all, ...limits } = tokens;
    const named = Object.entries(limits).map(([name, count]) => [name, countOf(count)]);
    return { tokens: countOf(all), limits: Object.fromEntries(named) };
}
function standingOf(written) {
    const [queuedAtMs, number, behind] = listOf(written);
    return {
        queuedAtMs: numberOf(queuedAtMs),
        ...(number !== null && { arrivalNumber: integerOf(number) }),
        ...(behind !== undefined && { behindLater: standingOf(behind) }),
    };
}
function listOf(value) {
    if (Array.isArray(value))
        return value;
    throw new Unreadable();
}
function numberOf(value) {
    if (typeof value === "number")
        return value;
    throw new Unreadable();
}
function integerOf(value) {
    const number = numberOf(value);
    if (Number.isSafeInteger(number))
        return number;
    throw new Unreadable();
}
function countOf(value, min = 0) {
    const count = integerOf(value);
    if (count >= min)
        return count;
    throw new Unreadable();
}
function textOf(value) {
    if (typeof value === "string")
        return value;
    throw new Unreadable();
}
