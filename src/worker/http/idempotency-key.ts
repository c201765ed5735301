/**
 * The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header): a string of a structured field
 * (RFC 9651), so it is in quotes. Many clients omit the quotes and mean the same; both forms are read alike.
 */
import type { FieldFault } from "../../core/values.ts";

import { showValue } from "../../core/values.ts";

const IDEMPOTENCY_KEY = "Idempotency-Key";

/** Longest key, in characters: room for several UUIDs. */
const MAX_KEY_LENGTH = 255;
/** Printable ASCII, with `"` and `\` escaped. */
const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/;
/** What can be sent without quotes: no space, and nothing with a meaning in a structured field. */
const BARE = /^[!#-+\--:<-[\]-~]+$/;

/** The key, `undefined` if there is none, or what is wrong with it. */
export function readIdempotencyKey(
  headers: Headers,
): { ok: true; key: string | undefined } | { ok: false; fault: FieldFault } {
  const text = headers.get(IDEMPOTENCY_KEY);
  if (text === null) return { ok: true, key: undefined };
  const quoted = QUOTED.exec(text)?.[1]?.replaceAll(/\\(.)/g, "$1");
  const key = quoted ?? (BARE.test(text) ? text : "");
  if (key.length >= 1 && key.length <= MAX_KEY_LENGTH) return { ok: true, key };
  return { ok: false, fault: faultOf(`got ${showValue(text)}`) };
}

/** `readIdempotencyKey` for a call that requires a key. */
export function requireIdempotencyKey(
  headers: Headers,
): { ok: true; key: string } | { ok: false; fault: FieldFault } {
  const read = readIdempotencyKey(headers);
  if (!read.ok) return read;
  const { key } = read;
  return key === undefined ? { ok: false, fault: faultOf("it is missing") } : { ok: true, key };
}

function faultOf(got: string): FieldFault {
  const message = `${IDEMPOTENCY_KEY} must be 1 to ${MAX_KEY_LENGTH} printable ASCII characters, in quotes if they include a space or any of , ; " \\: ${got}`;
  return { field: IDEMPOTENCY_KEY, message };
}
