/**
 * Parses lists of structured fields (RFC 9651) as far as the `RateLimit` fields use them:
 * comma-separated items, each with parameters. Lenient, because the fields come from all kinds of
 * servers: an illegal item becomes an item with an odd name, and nothing throws.
 */
/** One item of a list, as in `"burst";r=5;t=10`. */
export interface FieldItem {
    /** Without quotes, if it had any. */
    readonly name: string;
    /**
     * By lower-case name; strings without their quotes. If a name is repeated, the last value wins.
     */
    readonly parameters: ReadonlyMap<string, string>;
}
/**
 * Parses the items of a field; an empty field has none.
 *
 * @example
 * parseFieldList('"a";r=1, "b";r=2').map((item) => item.name); // ["a", "b"]
 */
export declare function parseFieldList(text: string): FieldItem[];
