/** One place in the queue, and the requests that share it: a caller and its retries with the same key. */
import type { Waiter } from "../core/queue/waiter-queue.ts";
import type { AcquireCall } from "../wire/acquire-call.ts";
import type { HeldRequest } from "./held-request.ts";
/** One place in the queue. Several requests share it if they have the same idempotency key or ticket. */
export declare class Caller {
    readonly call: AcquireCall;
    /** The timeout in force, which may be the policy's. */
    readonly timeoutMs: number;
    /** A list, because nearly all callers have one request: a set of one would take far more memory. */
    requests: readonly HeldRequest[];
    /** Set while the caller waits. */
    waiter: Waiter<Caller> | undefined;
    /** Identifies the caller to watchers; assigned with its first event. */
    watchId: number | undefined;
    /** What its tickets call its place. Assigned with the first of them; a caller that comes back has that of its place. */
    placeId: string | undefined;
    /**
     * The ticket by which it came back, and which it goes on with: what is known of its arrival now may differ, and would
     * make another one. Those of all others are signed for each notice of a place.
     */
    ticket: string | undefined;
    constructor(call: AcquireCall, timeoutMs: number, first: HeldRequest);
    /** A request shares this place from now on. */
    join(request: HeldRequest): void;
    /** The session of one of its requests; `undefined` if none has any. */
    get sessionId(): string | undefined;
    /** A request doesn't share it any more; it may have left before. */
    leave(request: HeldRequest): void;
}
