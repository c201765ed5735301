/** Makes idempotency keys. */
/** A unique key of 32 hexadecimal digits. Not `randomUUID`, which is missing on pages served without TLS. */
export declare function newKey(): string;
