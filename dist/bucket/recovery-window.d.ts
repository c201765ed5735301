/**
 * The first moments of an instance whose predecessor ended while callers waited.
 *
 * The Worker requeues those callers, each after a short random pause, so they arrive in any order, mixed with
 * newcomers. If a request were admitted at once, it might be granted ahead of one that was in front of it. So
 * all arriving requests are held until the pauses are over, and then admitted together: requeued ones in the
 * order of their first arrival, then newcomers. A caller that comes back by itself, with its ticket, is held and
 * ordered like a requeued one.
 */
import type { Clock } from "./clock.ts";
/** Why a held request was not admitted. */
export type RejectReason = "reset" | "unavailable" | "cancelled";
/** A request held by the window. */
export interface RecoveringRequest {
    /** When it first arrived, epoch milliseconds; `undefined` for a newcomer. */
    readonly firstArrivalMs: number | undefined;
    /** Tells requests of the same instant apart, if their tickets say so: lower is earlier. */
    readonly arrivalNumber?: number | undefined;
    /** Its idempotency key, if it has one. */
    readonly key: string | undefined;
    /** Over how long the callers that were lost together with this one are spread, in milliseconds. */
    readonly spreadMs?: number | undefined;
    /** Admits the request. All are admitted with the same reading of the clock. */
    readonly admit: (nowMs: number) => void;
    /** Rejects the request for good. Returns `false` if its caller has already left. */
    readonly reject: (why: RejectReason) => boolean;
}
/**
 * Holds requests until all callers that are being requeued have arrived. Timers measure the window, so
 * setting the clock neither extends nor ends it.
 */
export declare class RecoveryWindow {
    #private;
    /** The window starts now, with the instance's first activity. */
    constructor(clock: Clock);
    /** Whether requests still have to be held at `nowMs`. */
    isOpen(nowMs: number): boolean;
    /** Holds a request. It is admitted when the window closes, by timers that the first request starts. */
    hold(request: RecoveringRequest, nowMs: number): void;
    /** Rejects all held requests. */
    rejectAll(why: RejectReason): void;
    /** Rejects the requests held with this key. Returns whether there were any. */
    cancel(key: string): boolean;
}
