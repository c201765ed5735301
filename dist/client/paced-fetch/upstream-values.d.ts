/**
 * Parses the values of rate limit headers: counts, and resets in every form in use. If both a
 * gateway and the API behind it set a header, its value is a list, so every value is read as a
 * list. Unreadable values are `undefined`; nothing throws.
 */
/**
 * Splits a list of values. A comma inside a date, after the day of the week or of the month, is not
 * a separator.
 */
export declare function splitValues(text: string): string[];
/** Parses a number of at least 0, rounded down: `598.0` (Reddit), `76;w=21600` (Docker Hub). */
export declare function parseCount(text: string | undefined): number | undefined;
/** Parses a reset into milliseconds after `sentAtMs`; negative if the instant was earlier. */
export declare function parseReset(text: string | undefined, sentAtMs: number): number | undefined;
/**
 * As `parseReset`, except that a number of any length is a time to wait, capped if it is too long
 * to represent.
 */
export declare function parseRetryAfter(text: string | undefined, sentAtMs: number): number | undefined;
/**
 * Parses an instant in a format of HTTP or RFC 3339 into epoch milliseconds. Without a time zone it
 * is UTC, as in the oldest HTTP format: the local zone of this process means nothing to the API.
 * `Date.parse` on its own would find a date in nearly anything that contains a number.
 */
export declare function parseDate(text: string): number | undefined;
