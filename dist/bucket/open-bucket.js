import { Limiter } from "../core/limiter.js";
import { Policy } from "../core/policy.js";
import { overrideView } from "./override.js";
/**
 * A bucket that has never been used, or was reset, under its configured policy.
 *
 * @param lastFence See `LimiterOptions`.
 */
export function newBucket(name, { name: policyName, ...fields }, { timeZones, newId }, lastFence = 0) {
    const options = { newId, lastFence, sessionOf };
    const limiter = new Limiter(Policy.of(fields, timeZones), options);
    const configured = undefined;
    return { name, limiter, configured, policyName, isOverridden: false, override: undefined };
}
/** See `LimiterOptions`. */
export function sessionOf({ sessionId }) {
    return sessionId;
}
/** The bucket as an acquire's answer describes it. */
export function stateOf({ name, policyName, limiter }, nowMs) {
    return { name, policyName, policy: limiter.policy, view: limiter.inspect(nowMs), nowMs };
}
/**
 * The bucket as `GET /buckets/…` describes it.
 *
 * @param sessions Open sessions.
 */
export function snapshotOf(bucket, nowMs, sessions = 0) {
    const { name, policyName, limiter } = bucket;
    const fields = limiter.policy.toJSON();
    const { limits: views, ...state } = limiter.inspect(nowMs);
    const override = overrideView(bucket);
    const view = { ...state, ...(override && { override }), ...(sessions > 0 && { sessions }) };
    const policy = { name: policyName, ...fields };
    if (!views)
        return { bucket: name, policy, ...view };
    const limits = {};
    for (const [limitName, limit] of Object.entries(fields.limits ?? {})) {
        const limitView = views[limitName];
        if (limitView)
            limits[limitName] = { ...limit, ...limitView };
    }
    return { bucket: name, policy, ...view, limits };
}
