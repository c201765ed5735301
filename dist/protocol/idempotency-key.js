/** Idempotency keys: which texts can be the key of an acquire. */
const IDEMPOTENCY_KEY = /^[ -~]{1,255}$/;
/** What an idempotency key must be, as messages say it. */
export const IDEMPOTENCY_KEY_RULE = "1 to 255 printable ASCII characters";
/** Whether an acquire can have this key. */
export function isIdempotencyKey(key) {
    return typeof key === "string" && IDEMPOTENCY_KEY.test(key);
}
