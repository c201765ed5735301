/** What a bucket may be called: one pattern, which paths, messages and configuration all share. */
/** Legal names, as the source of a regular expression. */
export declare const BUCKET_NAME_PATTERN = "^[A-Za-z0-9._:@/-]{1,128}$";
/** The rule in words, for messages. */
export declare const BUCKET_NAME_RULE = "1 to 128 characters of A-Z a-z 0-9 . _ : @ / -";
/** Whether `value` is a legal bucket name. Legal names are ASCII and need no escaping in JSON. */
export declare function isBucketName(value: unknown): value is string;
