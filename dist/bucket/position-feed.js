import { CoalescingTimer } from "./coalescing-timer.js";
/** From a turn to its round: about as long as writing the turn to disk takes. */
const ROUND_DELAY_MS = 1;
/**
 * The pause after a round, per request notified. Notifying one takes an eighth of that, measured from the
 * object to the client's socket, all in one process.
 */
const PAUSE_PER_NOTIFIED_MS = 1;
/** The same per place visited: about fifty times what the visit takes. */
const PAUSE_PER_PLACE_MS = 0.005;
/** The followers of one bucket. */
export class PositionFeed {
    #timer;
    #ticketOf;
    /** By the place they share. All of these places are in the queue. */
    #followers = new Map();
    /** The limiter that has these places; a new one after a reset. */
    #limiter = undefined;
    #pauseMs = 0;
    #pausesUntilMs = -Infinity;
    /** @param ticketOf The ticket of a caller that waits, which goes with each notice of its place. */
    constructor(clock, ticketOf) {
        this.#ticketOf = ticketOf;
        this.#timer = new CoalescingTimer(clock, () => this.#notifyMoved(clock.now()));
    }
    /** `caller` waits; from now on `request` is notified of its place. */
    add(caller, request, limiter, nowMs) {
        const follower = { request, position: 0, grantAtMs: 0 };
        const last = limiter.lastPlace;
        const isLast = last?.waiter.caller === caller;
        if (isLast)
            this.#notify(follower, last, nowMs);
        if (isLast && request.wantsFirstPlaceOnly)
            return;
        const followers = this.#followers.get(caller);
        if (followers)
            followers.push(follower);
        else
            this.#followers.set(caller, [follower]);
        if (!isLast)
            this.#moved(limiter, nowMs);
    }
    /** One request of `caller` leaves. Comes before the turn that gives up the place. */
    remove(caller, request) {
        const others = this.#followers.get(caller)?.filter((follower) => follower.request !== request) ?? [];
        if (others.length > 0)
            this.#followers.set(caller, others);
        else
            this.#followers.delete(caller);
    }
    /** `caller` no longer waits. */
    forget(caller) {
        if (this.#followers.size > 0)
            this.#followers.delete(caller);
    }
    /** A turn is over, and the callers it settled have been forgotten. */
    turned(limiter, { waiter, settled }, nowMs) {
        if (this.#followers.size === 0)
            return;
        const isArrival = waiter !== undefined && settled.length === 0;
        if (isArrival && limiter.lastPlace?.waiter === waiter)
            return;
        this.#moved(limiter, nowMs);
    }
    /** Places may have changed. */
    #moved(limiter, nowMs) {
        this.#limiter = limiter;
        // A clock that has jumped back must not delay anyone.
        const restMs = Math.min(this.#pauseMs, this.#pausesUntilMs - nowMs);
        this.#timer.set(Math.max(ROUND_DELAY_MS, restMs));
    }
    #notifyMoved(nowMs) {
        let callersLeft = this.#followers.size;
        let places = 0;
        let notified = 0;
        for (const place of this.#limiter?.places() ?? []) {
            if (callersLeft === 0)
                break;
            places = place.position;
            const followers = this.#followers.get(place.waiter.caller);
            if (!followers)
                continue;
            callersLeft -= 1;
            for (const follower of followers) {
                if (isNotified(follower, place))
                    continue;
                this.#notify(follower, place, nowMs);
                notified += 1;
                if (follower.request.wantsFirstPlaceOnly)
                    this.remove(place.waiter.caller, follower.request);
            }
        }
        this.#pauseMs = notified * PAUSE_PER_NOTIFIED_MS + places * PAUSE_PER_PLACE_MS;
        this.#pausesUntilMs = nowMs + this.#pauseMs;
    }
    #notify(follower, place, nowMs) {
        const { position, grantAtMs, estimate, waiter } = place;
        follower.position = position;
        follower.grantAtMs = grantAtMs;
        const etaMs = Math.max(0, grantAtMs - nowMs);
        const ticket = this.#ticketOf(waiter.caller);
        follower.request.moved({ position, grantAtMs, etaMs, ...(estimate && { estimate }), ticket });
    }
}
function isNotified(follower, { position, grantAtMs }) {
    return follower.position === position && follower.grantAtMs === grantAtMs;
}
