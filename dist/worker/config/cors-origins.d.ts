/** All origins, or a list, which may be empty. */
export type CorsOrigins = "*" | readonly string[];
/**
 * Reads the variable's value: origins separated by white space, or `*` alone. If unset, there are none.
 *
 * @throws {RangeError} If the value is illegal, showing the origin.
 */
export declare function readCorsOrigins(value?: unknown): CorsOrigins;
