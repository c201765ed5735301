/**
 * Which policy a bucket has: the table `[vars.POLICIES]` of the configuration, checked as a whole.
 *
 * A policy is configured under a pattern: a bucket's name, a prefix followed by `*`, or `*` alone. The exact
 * name wins, then the longest prefix. A table with any fault is rejected entirely.
 */
import type { NamedPolicyFields } from "../../protocol/bucket-snapshot.ts";
/** The rule in words, for messages. */
export declare const BUCKET_PATTERN_RULE = "a pattern is \"*\", or a bucket's name, or a prefix with \"*\" at its end and nowhere else: 1 to 128 characters of A-Z a-z 0-9 . _ : @ / -";
/** Whether `value` is a legal pattern. */
export declare function isBucketPattern(value: unknown): value is string;
/** Whether the pattern matches the bucket `name`. */
export declare function matchesPattern(pattern: string, name: string): boolean;
/** Whether every name that `inner` can stand for matches `outer`. */
export declare function includesPattern(outer: string, inner: string): boolean;
/** The configured policies by pattern. */
export declare class PolicyTable {
    #private;
    /**
     * Reads the table from the configuration: an object, or the same as JSON text, which is what `wrangler dev
     * --var` passes.
     *
     * @throws {RangeError} If the table is missing or illegal in any way; the message lists every fault by
     * name.
     */
    constructor(configured: unknown);
    /** The policies, those of exact names first, and the longer prefixes before the shorter ones. */
    [Symbol.iterator](): Iterator<NamedPolicyFields>;
    /** Names of the buckets that have a policy under their exact name. */
    exactNames(): Iterable<string>;
    /** The policy of the bucket `name`; `undefined` if no pattern matches it. */
    find(name: string): NamedPolicyFields | undefined;
}
/** A configured policy. */
interface ConfiguredPolicy {
    readonly policy: NamedPolicyFields;
    /** What each field in human units stands for, in one line, by its name. */
    readonly shown: ReadonlyMap<string, string>;
}
/**
 * The configured policies that are legal, and everything that is wrong with the others.
 *
 * @param configured As for `PolicyTable`.
 */
export declare function readPolicies(configured: unknown): {
    readonly policies: readonly ConfiguredPolicy[];
    readonly faults: readonly string[];
};
export {};
