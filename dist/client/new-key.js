/** Makes idempotency keys. */
/** Hexadecimal digits of a key: 16 bytes, as long as a random UUID, with a few more random bits. */
const KEY_LENGTH = 32;
/** Random bytes are asked for in this many, for 64 keys, since each time costs several microseconds. */
const POOL_BYTES = 1_024;
/** Random digits that keys are cut from. Made with the first key, so that a module that isn't used costs nothing. */
let digits = "";
let used = 0;
/** A unique key of 32 hexadecimal digits. Not `randomUUID`, which is missing on pages served without TLS. */
export function newKey() {
    if (used === digits.length) {
        digits = Array.from(crypto.getRandomValues(new Uint8Array(POOL_BYTES)), hex).join("");
        used = 0;
    }
    used += KEY_LENGTH;
    return digits.slice(used - KEY_LENGTH, used);
}
function hex(byte) {
    return byte.toString(16).padStart(2, "0");
}
