/** Makes idempotency keys. */

/** Bytes of a key: as long as a random UUID, with a few more random bits. */
const KEY_BYTES = 16;
/** Random bytes are asked for in this many, since each time costs several microseconds. */
const POOL_BYTES = 64 * KEY_BYTES;

const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** A unique key of 32 hexadecimal digits. Not `randomUUID`, which is missing on pages served without TLS. */
export function newKey(): string {
  if (used === POOL_BYTES) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  let key = "";
  const end = used + KEY_BYTES;
  for (; used < end; used += 1) key += hex[pool[used] ?? 0] ?? "";
  return key;
}
