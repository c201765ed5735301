/**
 * The order of waiters, as it follows from their arrivals alone.
 *
 * Nearly everybody stands where its arrival says. Only a waiter that came back may stand behind one that
 * arrived later (guarded-place.ts), and it remembers the nearest such, which may have come back itself.
 * These steps, from the outermost, are a waiter's path. Paths in order are the queue: in one of the arrivals
 * 5, 9, 4, 2, 3 they are 5, 9, 9·4, 9·4·2 and 9·4·3. A waiter only ever joins in front of one that arrived
 * later, or at the end, so nobody's path changes, and it can be kept where nothing is known of the others.
 */
/** Whether `one` first joined before `other` did. */
export function arrivedBefore(one, other) {
    return compareArrivals(one, other) < 0;
}
/**
 * Negative if `one` is in front of `other` in their queue, positive if it is behind.
 *
 * @example
 * waiters.toSorted(compareStandings); // the queue
 */
export function compareStandings(one, other) {
    if (!one.behindLater && !other.behindLater)
        return compareArrivals(one, other);
    const [ours, theirs] = [pathOf(one), pathOf(other)];
    for (const [index, step] of ours.entries()) {
        const their = theirs[index];
        const order = their ? compareArrivals(step, their) : 1;
        if (order !== 0)
            return order;
    }
    return ours.length - theirs.length;
}
/** What `arrival` is behind if it joins behind `inFront`: see `Standing.behindLater`. */
export function laterThan(inFront, arrival) {
    let later = inFront;
    while (later && arrivedBefore(later, arrival))
        later = later.behindLater;
    return later;
}
/** The latest arrival up to the one that stands at `standing`. */
export function latestUpTo(standing) {
    let latest = standing;
    while (latest.behindLater)
        latest = latest.behindLater;
    return latest;
}
function compareArrivals(one, other) {
    if (one.queuedAtMs !== other.queuedAtMs)
        return one.queuedAtMs - other.queuedAtMs;
    const [ours, theirs] = [one.arrivalNumber ?? Infinity, other.arrivalNumber ?? Infinity];
    return ours === theirs ? 0 : ours - theirs;
}
/** From the outermost to itself. */
function pathOf(standing) {
    const path = [];
    for (let step = standing; step; step = step.behindLater)
        path.push(step);
    return path.toReversed();
}
