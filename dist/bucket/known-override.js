/** The bucket's override as lists show it; `undefined` if the configured policy is in force. */
export function knownOverride(bucket) {
    const { name, limiter, isOverridden, override } = bucket;
    if (!isOverridden)
        return undefined;
    const { previous, ...note } = override ?? {};
    return {
        bucket: name,
        policy: limiter.policy.toJSON(),
        ...note,
        hasPrevious: previous !== undefined,
    };
}
