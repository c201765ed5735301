/**
 * Bucket names for text that callers send: a customer's key, an email address, a path. Bucket names
 * allow few characters and a limited length; callers' text may be anything.
 */
import { sha256 } from "@noble/hashes/sha2.js";

import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.ts";
import { showValue } from "../../core/values.ts";

/** Marks the name of a text that is not legal as it is; 128 bits in base64url follow. */
const HASHED = "hash@";
const HASH_BYTES = 16;
const HASH = /^hash@[A-Za-z0-9_-]{22}$/;
/** A byte that never occurs in UTF-8. */
const NO_UTF_8 = 0xff;
/** Longest prefix in characters: of the 128, a hash takes 27 and the colon one. */
const MAX_PREFIX = 100;

/**
 * Returns a legal bucket name for any text: `prefix:text` if that is legal, otherwise
 * `prefix:hash@…` with 128 bits of the text's SHA-256, so that a policy for `prefix:*` covers both.
 * Different texts get different names: a text that looks like such a hash is hashed as well.
 * Normalize texts that should share a bucket first (`toLowerCase()`, `normalize()`).
 *
 * @throws {RangeError} If `prefix` is not 1 to 100 characters that are legal in a bucket name.
 * @throws {TypeError} If `text` is no text: callers without a name would share a bucket unnoticed.
 *
 * @example
 * bucketName("api", "ann@example.com"); // "api:ann@example.com"
 * bucketName("api", "Müller & Co."); // "api:hash@…", followed by 22 characters
 */
export function bucketName(prefix: string, text: string): string {
  if (!isBucketName(prefix) || prefix.length > MAX_PREFIX) {
    const rule = BUCKET_NAME_RULE.replace("128", String(MAX_PREFIX));
    throw new RangeError(`prefix must be ${rule}: got ${showValue(prefix)}`);
  }
  // Types don't help plain JavaScript.
  const given: unknown = text;
  if (typeof given !== "string") {
    throw new TypeError(
      `text must be a string: got ${showValue(given)}; answer 401 before, or name the bucket of callers without one`,
    );
  }
  const name = `${prefix}:${text}`;
  return isBucketName(name) && !HASH.test(text) ? name : `${prefix}:${hashOf(text)}`;
}

/**
 * Returns `name` if it is legal, otherwise a legal name with the same beginning: the legal part up
 * to its last colon is kept, so that the same policy applies, and the rest is hashed.
 */
export function legalBucketName(name: string): string {
  const isLegal: boolean = isBucketName(name);
  if (isLegal) return name;
  const [sound = ""] = /^[A-Za-z0-9._:@/-]*/.exec(name) ?? [];
  const end = sound.slice(0, MAX_PREFIX + 1).lastIndexOf(":") + 1;
  return name.slice(0, end) + hashOf(name.slice(end));
}

function hashOf(text: string): string {
  const digest = sha256(bytesOf(text)).subarray(0, HASH_BYTES);
  const base64 = btoa(String.fromCharCode(...digest));
  return HASHED + base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * UTF-8. Lone surrogates have no encoding and would all become the same byte sequence, so such a
 * text is escaped first.
 */
function bytesOf(text: string): Uint8Array {
  const encoder = new TextEncoder();
  if (!/\p{Surrogate}/u.test(text)) return encoder.encode(text);
  return Uint8Array.of(NO_UTF_8, ...encoder.encode(JSON.stringify(text)));
}
