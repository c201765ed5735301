/**
 * Returns a legal bucket name for any text: `prefix:text` if that is legal, otherwise
 * `prefix:hash@…` with 128 bits of the text's SHA-256, so that a policy for `prefix:*` covers both.
 * Different texts get different names: a text that looks like such a hash is hashed as well.
 * Normalize texts that should share a bucket first (`toLowerCase()`, `normalize()`).
 *
 * @param text `null` and `undefined` count as the empty text, whose name is `prefix:`.
 * @throws {RangeError} If `prefix` is not 1 to 100 characters that are legal in a bucket name.
 *
 * @example
 * bucketName("api", "ann@example.com"); // "api:ann@example.com"
 * bucketName("api", "Müller & Co."); // "api:hash@…", followed by 22 characters
 */
export declare function bucketName(prefix: string, text: string | null | undefined): string;
/**
 * Returns `name` if it is legal, otherwise a legal name with the same beginning: the legal part up
 * to its last colon is kept, so that the same policy applies, and the rest is hashed.
 */
export declare function legalBucketName(name: string): string;
