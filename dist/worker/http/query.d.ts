/** The values of each parameter, in order. */
export type Query = Readonly<Record<string, readonly string[]>>;
/** The query in a URL. */
export declare function queryOf(url: string): Query;
/** The number that decimal digits stand for, or the text itself if it is anything else. */
export declare function decimal(text: string): unknown;
