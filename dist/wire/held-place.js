/** What a caller hears of its place. */
export function queuedBody({ position, etaMs, estimate, ticket }) {
    return {
        position,
        etaMs,
        ...(estimate && { estimate }),
        ...(ticket !== undefined && { ticket }),
    };
}
/** Whether a caller that knows the first place learns nothing from the second, as after it was requeued. */
export function isSamePlace(known, place) {
    if (known?.position !== place.position || known.grantAtMs !== place.grantAtMs)
        return false;
    return known.ticket === place.ticket;
}
