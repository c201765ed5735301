/** What a bucket may be called: one pattern, which paths, messages and configuration all share. */
/** Legal names, as the source of a regular expression. */
export const BUCKET_NAME_PATTERN = "^[A-Za-z0-9._:@/-]{1,128}$";
const NAME = new RegExp(BUCKET_NAME_PATTERN);
/** The rule in words, for messages. */
export const BUCKET_NAME_RULE = "1 to 128 characters of A-Z a-z 0-9 . _ : @ / -";
/** Whether `value` is a legal bucket name. Legal names are ASCII and need no escaping in JSON. */
export function isBucketName(value) {
    return typeof value === "string" && NAME.test(value);
}
