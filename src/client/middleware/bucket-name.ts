/**
 * Names of buckets for what callers send: a customer's key, an e-mail address, a path. Bucket names hold few
 * characters and have an end; texts of callers do not.
 */
import { sha256 } from "@noble/hashes/sha2";

import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.ts";
import { showValue } from "../../core/policy.ts";

/** What the names of texts begin with that cannot be written as they are; 128 bits in base64url follow. */
const HASHED = "hash@";
const HASH_BYTES = 16;
const HASH = /^hash@[A-Za-z0-9_-]{22}$/;
/** A byte that UTF-8 does not use. */
const NO_UTF_8 = 0xff;
/** Characters of a prefix: 27 of the 128 are for a hash, and one for the colon. */
const MAX_PREFIX = 100;

/**
 * A legal name for any text: `prefix:text` where that is one, and `prefix:hash@…` with 128 bits of the text's
 * SHA-256 where it is not, so that the policy of `prefix:*` covers both. Different texts get different names:
 * a text that looks like such a hash is hashed, too. What should be the same must be made the same before
 * (`toLowerCase()`, `normalize()`).
 *
 * @param text Nothing stands for the empty text, whose name is `prefix:`.
 * @throws {RangeError} Where `prefix` is not 1 to 100 characters of those that a name may hold.
 *
 * @example
 * bucketName("api", "ann@example.com"); // "api:ann@example.com"
 * bucketName("api", "Müller & Co."); // "api:hash@…", with 22 characters more
 */
export function bucketName(prefix: string, text: string | null | undefined): string {
  if (!isBucketName(prefix) || prefix.length > MAX_PREFIX) {
    const rule = BUCKET_NAME_RULE.replace("128", String(MAX_PREFIX));
    throw new RangeError(`prefix must be ${rule}: got ${showValue(prefix)}`);
  }
  const given = text ?? "";
  const name = `${prefix}:${given}`;
  return isBucketName(name) && !HASH.test(given) ? name : `${prefix}:${hashOf(given)}`;
}

/**
 * `name`, if it is legal; else a legal one that begins like it. What stands before the last colon of the part
 * that can stay does stay, so that the same policy covers it; the rest is hashed.
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

/** UTF-8. Halves of surrogate pairs have none, and would all be the same: their text is written out. */
function bytesOf(text: string): Uint8Array {
  const encoder = new TextEncoder();
  if (!/\p{Surrogate}/u.test(text)) return encoder.encode(text);
  return Uint8Array.of(NO_UTF_8, ...encoder.encode(JSON.stringify(text)));
}
