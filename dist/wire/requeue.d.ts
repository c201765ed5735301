/** The longest pause before a caller that has lost its place comes back. */
export declare const MAX_REQUEUE_PAUSE_MS = 100;
/** From the end of the pause to the object: the way there, and late timers on a busy machine. */
export declare const ROUND_TRIP_MS = 150;
/** How long a new instance waits for requeued callers. */
export declare const RECOVERY_WINDOW_MS: number;
/** How long a new instance waits for callers whose attempts are spread over `spreadMs`. */
export declare function recoveryWindowMs(spreadMs?: number): number;
/** What the end of a call says about the object. */
export interface LostCall {
    /** The object was alive, and was reset. */
    readonly isReset: boolean;
    /** It was alive but could not write, which is as bad as not being alive. */
    readonly isUnwritable: boolean;
    /** How long the call was held. */
    readonly heldMs: number;
}
/** What to do about a lost call. */
export type RequeueStep = 
/** Retry after `pauseMs`, which was drawn from 0 to `spreadMs` or more. */
{
    readonly kind: "again";
    readonly pauseMs: number;
    readonly spreadMs: number;
}
/** Resets of a live object have used up the caller's time. */
 | {
    readonly kind: "timeout";
}
/** The object can't be reached. */
 | {
    readonly kind: "unavailable";
};
/** The part of what a caller asked for that matters here. */
export interface RequeueTerms {
    /** Absent: as long as the policy allows, which only the object knows for certain. */
    readonly timeoutMs?: number | undefined;
    /** Of the configured policy. */
    readonly maxWaitMs: number;
}
/** Decides about one acquire, from its first loss on. It only decides; the Worker acts. */
export declare class Requeue {
    #private;
    constructor(terms: RequeueTerms, calledAtMs: number);
    /** How much of the caller's time has passed. */
    elapsedMs(nowMs: number): number;
    /** How long a call made now may take. */
    remainingMs(nowMs: number): number;
    /**
     * What to do after a call was lost. `others` is the number of callers of this isolate that are failing at
     * this bucket, including this one; `draw` is a random number from 0 to 1.
     */
    lost(call: LostCall, nowMs: number, others: number, draw: number): RequeueStep;
}
