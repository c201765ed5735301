import { Policy } from "../core/policy.js";
/** What is kept of an override by `policy` that a bucket is about to get. */
export function noteOf({ limiter, isOverridden, override }, policy, nowMs, note) {
    // The same once more, as after a broken connection: what was before it is what was before.
    const isRepeated = isOverridden && limiter.policy.equals(policy);
    const before = isOverridden ? limiter.policy.toJSON() : undefined;
    const previous = isRepeated ? override?.previous : before;
    return { atMs: nowMs, ...(note !== undefined && { note }), ...(previous && { previous }) };
}
/** The override before the one in force; `undefined` if there was none. */
export function previousPolicy({ override }, timeZones) {
    const check = override?.previous && Policy.check({ ...override.previous }, timeZones);
    return check?.ok ? check.policy : undefined;
}
/** The override as snapshots show it; `undefined` without one. One from before this was kept is empty. */
export function overrideView({ isOverridden, override }) {
    if (!isOverridden)
        return undefined;
    if (!override)
        return {};
    const { atMs, note, previous } = override;
    return { atMs, ...(note !== undefined && { note }), ...(previous && { hasPrevious: true }) };
}
