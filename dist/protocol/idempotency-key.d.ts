/** Idempotency keys: which texts can be the key of an acquire. */
/** What an idempotency key must be, as messages say it. */
export declare const IDEMPOTENCY_KEY_RULE = "1 to 255 printable ASCII characters";
/** Whether an acquire can have this key. */
export declare function isIdempotencyKey(key: unknown): key is string;
