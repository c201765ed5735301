/**
 * Parses the values of rate limit headers: counts, and resets in every form in use. If both a
 * gateway and the API behind it set a header, its value is a list, so every value is read as a
 * list. Unreadable values are `undefined`; nothing throws.
 */
/**
 * A number this large can't be seconds from now, which would be 31 years: it is an epoch after
 * 2001.
 */
const MIN_EPOCH_SECONDS = 1_000_000_000;
/** An epoch this large is in milliseconds: in seconds, it would be the year 5138. */
const MIN_EPOCH_MS = 100_000_000_000;
const MS_BY_UNIT = {
    ns: 1e-6,
    us: 1e-3,
    ms: 1,
    s: 1_000,
    m: 60_000,
    h: 3_600_000,
    d: 86_400_000,
};
/**
 * Splits a list of values. A comma inside a date, after the day of the week or of the month, is not
 * a separator.
 */
export function splitValues(text) {
    if (!text.includes(","))
        return [text];
    return text
        .split(/,(?!\s*(?:\d{1,2}[ -][A-Z][a-z]{2}|\d{4} \d\d:))/)
        .map((value) => value.trim());
}
/** Parses a number of at least 0, rounded down: `598.0` (Reddit), `76;w=21600` (Docker Hub). */
export function parseCount(text) {
    const digits = /^\s*(\d+)(?:\.\d*)?\s*(?:;|$)/.exec(text ?? "")?.[1];
    return digits === undefined ? undefined : Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}
/** Parses a reset into milliseconds after `sentAtMs`; negative if the instant was earlier. */
export function parseReset(text, sentAtMs) {
    const value = (text ?? "").trim();
    const digits = /^(\d{1,15}(?:\.\d*)?)\s*(?:;|$)/.exec(value)?.[1];
    if (digits !== undefined) {
        const number = Number(digits);
        if (number >= MIN_EPOCH_MS)
            return Math.ceil(number) - sentAtMs;
        if (number >= MIN_EPOCH_SECONDS)
            return Math.ceil(number * 1000) - sentAtMs;
        return Math.ceil(number * 1000);
    }
    if (value === "")
        return undefined;
    const durationMs = parseDuration(value);
    if (durationMs !== undefined)
        return durationMs;
    const atMs = parseDate(value);
    return atMs === undefined ? undefined : atMs - sentAtMs;
}
/**
 * As `parseReset`, except that a number of any length is a time to wait, capped if it is too long
 * to represent.
 */
export function parseRetryAfter(text, sentAtMs) {
    return /^\d{16,}(?:\.\d*)?$/.test(text ?? "")
        ? Number.MAX_SAFE_INTEGER
        : parseReset(text, sentAtMs);
}
/** `6m0s`, `1.5s`, `20ms`. */
function parseDuration(text) {
    if (!/^(?:\d+(?:\.\d*)?(?:[num]s|[smhd]))+$/.test(text))
        return undefined;
    let sumMs = 0;
    for (const [, number, unit = ""] of text.matchAll(/([\d.]+)([a-z]+)/g)) {
        sumMs += Number(number) * (MS_BY_UNIT[unit] ?? 0);
    }
    return Math.min(Math.ceil(sumMs), Number.MAX_SAFE_INTEGER);
}
const ISO_DATE = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|UTC|GMT|[+-]\d\d:?\d\d)?$/i;
const HTTP_DATE = /^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d/;
/** A time zone after the time: `GMT`, `EST`, `+0100`, but not `AM` or `PM`. */
const HTTP_ZONE = /\d\d:\d\d:\d\d.*?(?:\b(?![AP]M\b)[A-Z]|[+-]\d\d)/;
/**
 * Parses an instant in a format of HTTP or RFC 3339 into epoch milliseconds. Without a time zone it
 * is UTC, as in the oldest HTTP format: the local zone of this process means nothing to the API.
 * `Date.parse` on its own would find a date in nearly anything that contains a number.
 */
export function parseDate(text) {
    const [, date, time, zone = "Z"] = ISO_DATE.exec(text) ?? [];
    const atMs = Date.parse(date ? `${date}T${time}${isoZone(zone)}` : httpDate(text));
    return Number.isNaN(atMs) ? undefined : atMs;
}
function isoZone(zone) {
    return /^[+-]/.test(zone) ? zone.replace(/^(...):?/, "$1:") : "Z";
}
function httpDate(text) {
    if (!HTTP_DATE.test(text))
        return "";
    return HTTP_ZONE.test(text) ? text : `${text} GMT`;
}
