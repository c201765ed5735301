/**
 * What the holders of open grants ask for: the middle of a turn, between serving everybody who is due and its end.
 * What comes back may serve waiters, and what was used beyond what was reserved is taken of the limits.
 */
import type { HoldAnswer, HoldCall, PermitAnswer } from "./holds/hold-call.ts";
import type { Ledger } from "./ledger.ts";
import type { LimiterPolicy } from "./limiter-state.ts";
import type { LimitSet } from "./limits/limit-set.ts";
import type { ServedQueue } from "./served-queue.ts";
/** The calls of the holders of one limiter. Its limits are passed in; `undefined` before it has started. */
export declare class HolderCalls<Caller> {
    #private;
    constructor(ledger: Ledger<Caller>, queue: ServedQueue<Caller>);
    /** See `Limiter.changeHold`. */
    changeHold(limits: LimitSet | undefined, { id, call, policy }: {
        id: string;
        call: HoldCall;
        policy: LimiterPolicy;
    }, nowMs: number): HoldAnswer;
    /** See `Limiter.dropHold`. */
    dropHold(limits: LimitSet | undefined, { id, policy }: {
        id: string;
        policy: LimiterPolicy;
    }, nowMs: number): HoldAnswer;
    /** See `Limiter.extendPermit`. */
    extendPermit(limits: LimitSet | undefined, { id, sessionId }: {
        id: string;
        sessionId: string | undefined;
    }, nowMs: number): PermitAnswer;
    /** See `Limiter.releasePermit`. */
    releasePermit(limits: LimitSet | undefined, id: string, nowMs: number): void;
    /** See `Limiter.endSessions`. */
    endSessions(limits: LimitSet | undefined, { isOver, graceMs }: {
        isOver: (sessionId: string) => boolean;
        graceMs: number;
    }, nowMs: number): void;
    /** Refuses a caller that asks for a hold, and returns `true`, if the bucket has as many as it can. */
    refusesHold(limits: LimitSet | undefined, caller: Caller, nowMs: number): boolean;
}
