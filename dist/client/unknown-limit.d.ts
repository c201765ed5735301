/** Whether an acquire has failed because its bucket doesn't have a limit that it names. */
export declare function isUnknownLimit(error: unknown): boolean;
/** The same error with the bucket's name and what to do; any other error as it is. */
export declare function explainUnknownLimit(error: unknown, bucket: string): unknown;
