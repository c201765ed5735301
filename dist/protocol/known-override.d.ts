/** An override, as lists show it. */
import type { CompletePolicyFields } from "../core/policy.ts";
/** A bucket whose policy an admin has overridden. */
export interface KnownOverride {
    readonly bucket: string;
    /** The policy in force there. */
    readonly policy: CompletePolicyFields;
    /** When it was set, in Unix milliseconds. Absent, as the rest, if it is older than what is kept of overrides. */
    readonly atMs?: number;
    /** What the admin wrote about it. */
    readonly note?: string;
    /** Whether there was another override before it, which can be put back. */
    readonly hasPrevious: boolean;
}
