/** A held request whose caller may disconnect, as the object sees it. */
import type { HeldRequest, Leave } from "./held-request.ts";
import type { QueueSpan } from "./queue-span.ts";
/** The part of a span that ends it. */
export type EndingSpan = Pick<QueueSpan, "settled" | "cancelled">;
/**
 * A held request that answers a `fetch` of the object. It listens to the request's signal by itself, as an
 * object: of a waiter's memory, a closure that listens takes another half a KiB.
 */
export interface ConnectedRequest extends HeldRequest {
    /** The answer: now if there is one, otherwise once there is. */
    readonly response: Response | Promise<Response>;
    /** The request has to wait; `leave` takes it out of the queue. */
    waits(leave: Leave, span: EndingSpan): void;
    /** The caller has disconnected: the request leaves the queue and ends, unless it has been answered. */
    disconnected(reason: unknown): void;
    /** `disconnected`, for the event of the signal. */
    handleEvent(abort: Event): void;
}
