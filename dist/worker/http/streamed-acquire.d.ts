import type { PlaceFollower } from "../../wire/acquire-lines.ts";
/** Asks the bucket; settles with the plain answer. If the caller leaves, the follower's signal aborts. */
type Ask = (follower: PlaceFollower) => Response | Promise<Response>;
/** The plain answer if asking rejects. */
type Failed = (error: unknown) => Response;
/** The response to an acquire. Its head is sent immediately; whatever `ask` results in is an event. */
export declare function streamedAcquire(ask: Ask, failed: Failed): Response;
/**
 * The plain answer, if it arrives before the request has a place in the queue; otherwise a stream, with an
 * event `fields` before the last one: the `RateLimit` fields that the plain answer would have. Rejects as
 * `ask` does while there is no place.
 */
export declare function streamedIfQueued(ask: Ask, failed: Failed): Promise<Response>;
export {};
