/** Whether `value` is an object with members: not an array, not null. */
export declare function isRecord(value: unknown): value is Record<string, unknown>;
/** The members of `value`; none if it isn't an object with members. */
export declare function membersOf(value: unknown): Readonly<Record<string, unknown>>;
/**
 * Whether `value` is an object as a literal or `JSON.parse` makes it, in any realm. Others, such as a `Date` or
 * a `Map`, keep what they are about where `Object.keys` doesn't find it.
 */
export declare function isPlainObject(value: unknown): value is Record<string, unknown>;
