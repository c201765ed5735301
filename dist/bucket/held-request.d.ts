/** A request that is held until it has an answer, as `BucketHost` sees it: no HTTP, no socket. */
import type { AcquireAnswer } from "../answers/acquire-answer.ts";
import type { Waiter } from "../core/queue/waiter-queue.ts";
import type { HeldPlace } from "../wire/held-place.ts";
/**
 * Removes a waiting request, and returns whether it was still waiting. Does nothing once the request has been settled
 * or removed.
 *
 * @param why `cancelled` if the caller has given up by word: its ticket is no longer good then.
 */
export type Leave = (why?: "cancelled") => boolean;
/** A place in the queue, as a request that waits in it sees it: see `Caller`. */
export interface OccupiedPlace {
    readonly timeoutMs: number;
    readonly waiter: Waiter<unknown> | undefined;
    readonly placeId: string | undefined;
}
/** A request that is held until it has an answer. */
export interface HeldRequest {
    /** The session that it came on; absent for one over HTTP, which keeps the object in memory while it is held. */
    readonly sessionId?: string;
    /** Called with the result, at most once, and never after the request has left. */
    answered(answer: AcquireAnswer): void;
    /** Present if the request follows its place: see `FollowingRequest`. */
    moved?(place: HeldPlace): void;
    /** Called when it starts to wait, in a place that others may share. */
    joined?(place: OccupiedPlace): void;
}
/** A held request that follows its place in the queue. */
export interface FollowingRequest extends HeldRequest {
    /** Whether it only wants to know where it starts to wait. Default: `false`. */
    readonly wantsFirstPlaceOnly?: boolean;
    /**
     * Called with the request's place when it starts to wait and whenever that place changes; never after the
     * request has been answered or has left.
     */
    moved(place: HeldPlace): void;
}
/** Whether a request follows its place. */
export declare function isFollowing(request: HeldRequest): request is FollowingRequest;
