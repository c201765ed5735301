import { LookAhead } from "../limits/look-ahead.js";
import { arrivedBefore } from "./arrival-order.js";
/**
 * The place of `returner` in `queue`; changes nothing. `limits` serve the queue, as of now, and nobody in
 * it is due.
 */
export function guardedPlace(queue, limits, returner) {
    const waiters = [...queue];
    /** The limits after everybody in front has been served. */
    const front = new LookAhead(limits);
    let inFront = 0;
    let late = 0;
    do {
        for (const waiter of waiters.slice(inFront)) {
            if (inFront >= late && !arrivedBefore(waiter, returner))
                break;
            front.serveWaiter(waiter);
            inFront += 1;
        }
        late = inFront + lateBehind(front, returner.tokens, waiters.slice(inFront));
    } while (late > inFront);
    return { predecessor: waiters[inFront - 1], grantAtMs: front.availableAt(returner.tokens) };
}
/**
 * How many of `waiters` there are up to the last one that is late if `tokens` are taken before all of
 * them.
 */
function lateBehind(front, tokens, waiters) {
    const ahead = new LookAhead(front);
    ahead.serve(tokens);
    let late = 0;
    for (const [index, waiter] of waiters.entries()) {
        if (ahead.serveWaiter(waiter) > waiter.deadlineAtMs)
            late = index + 1;
    }
    return late;
}
