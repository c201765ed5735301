/**
 * Grants as data points of Analytics Engine: one point for each grant, if the deployment binds a dataset as
 * `ANALYTICS`.
 *
 *   index1   the bucket, cut to 96 characters
 *   blob1    the bucket          blob2   the policy       blob3   `object` or `lease`: where granted
 *   double1  tokens              double2 waitedMs         double3 remaining
 *   double4  grants: 1, unless the point stands for several
 *
 * Tokens and `remaining` are the first limit's.
 *
 * **If a point stands for several grants**, tokens and waits are sums and `remaining` is that of the last
 * one, so that `SUM(_sample_interval * double1)` and the like are right however points were merged. Points
 * are merged for two reasons. An invocation may write 250 points [doc], and one tick may grant a thousand
 * waiters: then consecutive grants are merged, evenly. They were neighbours in the queue, so their waits are
 * alike. And a write may fail: then its grants go along with the next point.
 *
 * **An invocation** of an object is a request or an alarm. A timer's turn belongs to the invocation before
 * it, so part of the allowance is kept back for timers. While callers wait, a bucket's alarms are a second
 * apart, which is 100 ticks at most.
 */
import type { Grant } from "../core/outcome.ts";
/** Which side made a grant. */
type Source = "object" | "lease";
/** What a point says about its grants. */
type Granted = Pick<Grant, "tokens" | "waitedMs" | "remaining">;
/**
 * Writes the points of one bucket. Nothing here throws: a dataset that fails holds nothing up.
 *
 * @example
 * const points = new GrantPoints(env.ANALYTICS, "lease");
 * points.invoked();
 * points.write({ name: "x", policyName: "*" }, [{ tokens: 1, waitedMs: 0, remaining: 4 }]);
 */
export declare class GrantPoints {
    #private;
    constructor(dataset: AnalyticsEngineDataset, source: Source);
    /** A request or an alarm has arrived: a new invocation. */
    invoked(): void;
    /** Writes the grants of one turn, in order. */
    write(bucket: {
        name: string;
        policyName: string;
    }, grants: readonly Granted[]): void;
}
export {};
