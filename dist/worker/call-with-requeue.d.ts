import { BucketUnreachableError } from "../wire/call-with-retry.ts";
import { type RequeueTerms } from "../wire/requeue.ts";
/** What a repeated call carries. */
export interface Again {
    /** How much of the caller's time has passed, in milliseconds. */
    readonly elapsedMs: number;
    /** Over how long the callers of this isolate come back, in milliseconds; absent if that is the default. */
    readonly spreadMs?: number;
    /** Aborts when the caller's time is up. */
    readonly signal: AbortSignal;
}
/** An acquire, for `callWithRequeue`. */
export interface LosableAcquire<Result> extends RequeueTerms {
    readonly bucket: string;
    /** Epoch milliseconds. */
    readonly arrivedAtMs: number;
    /** Absent if the runtime ends this code when the caller leaves. */
    readonly caller: Pick<Request, "signal"> | undefined;
    /** Calls the object, with a fresh stub each time. */
    call(again?: Again): Promise<Result>;
    /** Called before all but the first repetition; rejects if repeating can't help. */
    checkState(): Promise<void>;
    /** The answer if resets of the object have used up the caller's time. */
    timedOut(): Result;
    /** The error to use instead, if more is known about it. */
    explain(error: BucketUnreachableError): Promise<BucketUnreachableError>;
    /** The answer if the object can't be reached, or the caller leaves after the object was lost. */
    failed(error: unknown): Result;
}
/**
 * Makes the call, and repeats it while the object is lost during it. Resolves as the call does, with these
 * exceptions:
 *
 * - with `failed` of a `BucketUnreachableError` if the object can't be reached: after some seconds without a
 *   sign of life, when the caller's time is up, and immediately if the object is overloaded or its code threw.
 * - with `failed` of the reason of the caller's signal, if the caller leaves meanwhile. The signal is only read
 *   after a loss: the runtime creates it on access, and that costs more than a grant.
 *
 * A plain acquire has this one promise of Sluice's own, and what it keeps alive while it waits is `acquire`.
 */
export declare function callWithRequeue<Result>(acquire: LosableAcquire<Result>): Promise<Result>;
