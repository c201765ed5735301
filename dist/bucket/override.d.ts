/**
 * What is known of the override of a bucket's policy besides the policy itself: when and why it was set, and which
 * one was in force before it. One is kept, so that an operator can take back the last step, and no history.
 */
import type { TimeZones } from "../core/limits/time-zones.ts";
import type { OverrideView } from "../protocol/bucket-snapshot.ts";
import type { OverrideNote } from "./platform.ts";
import { Policy } from "../core/policy.ts";
/** A bucket, as far as its policy is concerned: see `OpenBucket`. */
interface Overridable {
    readonly isOverridden: boolean;
    readonly override: OverrideNote | undefined;
    readonly limiter: {
        readonly policy: Policy;
    };
}
/** What is kept of an override by `policy` that a bucket is about to get. */
export declare function noteOf({ limiter, isOverridden, override }: Overridable, policy: Policy, nowMs: number, note: string | undefined): OverrideNote;
/** The override before the one in force; `undefined` if there was none. */
export declare function previousPolicy({ override }: Overridable, timeZones: TimeZones): Policy | undefined;
/** The override as snapshots show it; `undefined` without one. One from before this was kept is empty. */
export declare function overrideView({ isOverridden, override }: Overridable): OverrideView | undefined;
export {};
