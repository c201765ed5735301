/**
 * Keys of callers that are not in the queue any more: those whose connection broke while they waited, and
 * those that were cancelled.
 *
 * A caller whose connection broke may come back with its key and take its old place. Until then it occupies
 * no place: all that remains of it is its entry here. A cancelled caller can't come back. Its requests may
 * still be in flight, so the key is refused for a while, and is free again after that.
 *
 * Everything is in memory only, bounded in time and in number, and is lost with the object. The longest
 * possible key makes an entry of about half a kilobyte.
 */
import type { Waiter } from "../core/queue/waiter-queue.ts";
import type { Asked } from "./idempotency-store.ts";
/** A place in the queue that its caller may still come back to. */
export interface AbsentPlace {
    readonly asked: Asked;
    /** The timeout that applied, which may have been the policy's. */
    readonly timeoutMs: number;
    readonly arrival: Arrival;
    /** What its tickets call it, if any was sent. */
    readonly placeId?: string | undefined;
    /** See `Caller.ticket`. */
    readonly ticket?: string | undefined;
}
/** What an arrival has fixed for good. */
export type Arrival = Pick<Waiter<unknown>, "queuedAtMs" | "deadlineAtMs" | "arrivalNumber">;
/** The arrival of `waiter`, without its caller: the waiter itself would keep that in memory. */
export declare function arrivalOf({ queuedAtMs, deadlineAtMs, arrivalNumber }: Waiter<unknown>): Arrival;
/** The absent and cancelled callers of one bucket. */
export declare class AbsentCallers {
    #private;
    /** The last request for a place has disconnected. If it was cancelled meanwhile, it can't come back. */
    leave(key: string, place: AbsentPlace, nowMs: number): void;
    /** The place that the absent caller with this key may come back to. */
    find(key: string, nowMs: number): AbsentPlace | undefined;
    /** An acquire with this key has been admitted or refused. */
    arrive(key: string): void;
    /**
     * Cancels the acquire with this key, and everything that arrives with it in the next 10 seconds. Returns
     * its place if it was absent and could still have been granted.
     */
    cancel(key: string, nowMs: number): AbsentPlace | undefined;
    isCancelled(key: string, nowMs: number): boolean;
    forgetAll(): void;
}
