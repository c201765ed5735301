/**
 * Tells waiting requests their place in the queue, if they want to know, and decides when.
 *
 * Only requests that follow their place pay for this: in a bucket without followers nothing happens here. A
 * caller that joins at the end of the queue moves no other, so only the newcomer is notified, in one step.
 * Any other turn may have moved everyone. Then the queue is walked once, and a follower is notified if its
 * position or the instant of its grant has changed; an ETA that shrinks as time passes is not a change.
 *
 * The walk comes a moment after the turn, so that callers granted by the turn hear of it before others hear
 * that they have moved, and so that a burst of turns makes one round. A turn that moves a thousand followers
 * notifies a thousand, so after each round there is a pause as long as the round was large, and everything
 * that happens during the pause makes one round at its end. Ten followers still hear of every tick of the
 * fastest possible bucket, and a hundred hear of ten ticks a second; beyond that, every follower hears its
 * latest place at the end of each pause.
 */
import type { Limiter } from "../core/limiter.ts";
import type { Turn } from "../core/turn.ts";
import type { Clock } from "./clock.ts";
import type { FollowingRequest } from "./held-request.ts";
type Following = Pick<FollowingRequest, "moved" | "wantsFirstPlaceOnly">;
/** The followers of one bucket. */
export declare class PositionFeed<Caller> {
    #private;
    /** @param ticketOf The ticket of a caller that waits, which goes with each notice of its place. */
    constructor(clock: Clock, ticketOf: (caller: Caller) => string);
    /** `caller` waits; from now on `request` is notified of its place. */
    add(caller: Caller, request: Following, limiter: Limiter<Caller>, nowMs: number): void;
    /** One request of `caller` leaves. Comes before the turn that gives up the place. */
    remove(caller: Caller, request: Following): void;
    /** `caller` no longer waits. */
    forget(caller: Caller): void;
    /** A turn is over, and the callers it settled have been forgotten. */
    turned(limiter: Limiter<Caller>, { waiter, settled }: Turn<Caller>, nowMs: number): void;
}
export {};
