/** The policies of a deployment, as operators see them. */
import type { NamedPolicyFields } from "./bucket-snapshot.ts";
import type { KnownOverride } from "./known-override.ts";
/** Body of `GET /policies`. */
export interface KnownPolicies {
    /** Patterns of the buckets that the answer is about: those that the asker may change. */
    readonly buckets: readonly string[];
    /** The configured policies of patterns that are within `buckets`. */
    readonly policies: readonly NamedPolicyFields[];
    /** Buckets within `buckets` that have an override, by name. May lack one that could not be noted. */
    readonly overrides: readonly KnownOverride[];
}
