/**
 * What a bearer token may look like: an `API_TOKEN` or an `ADMIN_TOKEN`, as a client sends it and the
 * service takes it.
 */
/** The rule in words, for messages. */
export const API_KEY_RULE = "visible ASCII characters without white space";
/** Whether `value` can be sent in a header as it is. */
export function isApiKey(value) {
    return typeof value === "string" && /^[\x21-\x7E]+$/.test(value);
}
