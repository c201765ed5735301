/** What a caller may do with a bucket. */
export type Right = "acquire" | "read" | "pause" | "admin";
/** Rights on buckets. */
export interface Scope {
    readonly rights: readonly Right[];
    /** Patterns of the buckets' names. */
    readonly buckets: readonly string[];
}
/**
 * Whether any of `scopes` has `right` on the bucket. The right to change a bucket includes the right to pause
 * it.
 */
export declare function isInScope(scopes: readonly Scope[], right: Right, bucket: string): boolean;
/** Whether `scopes` have `right` on every bucket that `pattern` can stand for, by one pattern of theirs. */
export declare function isPatternInScope(scopes: readonly Scope[], right: Right, pattern: string): boolean;
/** The patterns of the buckets on which `scopes` have `right`, each once. */
export declare function patternsOf(scopes: readonly Scope[], right: Right): readonly string[];
