/** What a limit may be called. */
/** The name of a policy's first limit. */
export declare const FIRST_LIMIT = "rate";
/** What the name of a further limit may be. Names are part of parameters and header fields. */
export declare const LIMIT_NAME: RegExp;
/** The same as messages say it, as in `must be …`. */
export declare const LIMIT_NAME_RULE = "1 to 32 characters of a-z 0-9 _ -, the first of them a letter";
