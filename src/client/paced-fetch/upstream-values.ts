/**
 * The values of fields in which APIs speak of their limits: counts, and resets in all the forms that are in
 * use. Where a gateway and the API behind it both say something, a field is a list, so each value is read as
 * one. What can't be read is `undefined`, and nothing throws.
 */

/** From here on a number can't be seconds from now: it would be 31 years, and is an epoch since 2001. */
const MIN_EPOCH_SECONDS = 1_000_000_000;
/** From here on an epoch is in milliseconds: in seconds, it would be the year 5138. */
const MIN_EPOCH_MS = 100_000_000_000;

const MS_BY_UNIT: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The values of a list. A comma inside a date, after the day of the week or of the month, separates nothing. */
export function splitValues(text: string): string[] {
  if (!text.includes(",")) return [text];
  return text
    .split(/,(?!\s*(?:\d{1,2}[ -][A-Z][a-z]{2}|\d{4} \d\d:))/)
    .map((value) => value.trim());
}

/** A number from 0, rounded down: `598.0` (Reddit), `76;w=21600` (Docker Hub). */
export function parseCount(text: string | undefined): number | undefined {
  const digits = /^\s*(\d+)(?:\.\d*)?\s*(?:;|$)/.exec(text ?? "")?.[1];
  return digits === undefined ? undefined : Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

/** Milliseconds from `sentAtMs`; negative if the instant was before it. */
export function parseReset(text: string | undefined, sentAtMs: number): number | undefined {
  const value = (text ?? "").trim();
  const digits = /^(\d{1,15}(?:\.\d*)?)\s*(?:;|$)/.exec(value)?.[1];
  if (digits !== undefined) {
    const number = Number(digits);
    if (number >= MIN_EPOCH_MS) return Math.ceil(number) - sentAtMs;
    if (number >= MIN_EPOCH_SECONDS) return Math.ceil(number * 1000) - sentAtMs;
    return Math.ceil(number * 1000);
  }
  if (value === "") return undefined;
  const durationMs = parseDuration(value);
  if (durationMs !== undefined) return durationMs;
  const atMs = parseDate(value);
  return atMs === undefined ? undefined : atMs - sentAtMs;
}

/** As `parseReset`, but a number of any length is a time to wait: too long to be counted is long. */
export function parseRetryAfter(text: string | undefined, sentAtMs: number): number | undefined {
  return /^\d{16,}(?:\.\d*)?$/.test(text ?? "")
    ? Number.MAX_SAFE_INTEGER
    : parseReset(text, sentAtMs);
}

/** `6m0s`, `1.5s`, `20ms`. */
function parseDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d*)?(?:[num]s|[smhd]))+$/.test(text)) return undefined;
  let sumMs = 0;
  for (const [, number, unit = ""] of text.matchAll(/([\d.]+)([a-z]+)/g)) {
    sumMs += Number(number) * (MS_BY_UNIT[unit] ?? 0);
  }
  return Math.min(Math.ceil(sumMs), Number.MAX_SAFE_INTEGER);
}

const ISO_DATE =
  /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|UTC|GMT|[+-]\d\d:?\d\d)?$/i;
const HTTP_DATE = /^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d/;
/** `GMT`, `EST`, `+0100` after the time; `AM` and `PM` are no zones. */
const HTTP_ZONE = /\d\d:\d\d:\d\d.*?(?:\b(?![AP]M\b)[A-Z]|[+-]\d\d)/;

/**
 * An instant in one of the forms of HTTP or of RFC 3339, epoch milliseconds. Without a zone it is UTC, as the
 * oldest form of HTTP is: the process's own zone would mean nothing to the API. `Date.parse` by itself would
 * find a date in nearly anything that has a number in it.
 */
export function parseDate(text: string): number | undefined {
  const [, date, time, zone = "Z"] = ISO_DATE.exec(text) ?? [];
  const atMs = Date.parse(date ? `${date}T${time}${isoZone(zone)}` : httpDate(text));
  return Number.isNaN(atMs) ? undefined : atMs;
}

function isoZone(zone: string): string {
  return /^[+-]/.test(zone) ? zone.replace(/^(...):?/, "$1:") : "Z";
}

function httpDate(text: string): string {
  if (!HTTP_DATE.test(text)) return "";
  return HTTP_ZONE.test(text) ? text : `${text} GMT`;
}
