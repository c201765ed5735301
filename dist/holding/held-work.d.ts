import type { UsedTokens } from "./used-tokens.ts";
import { type Keeping, type OpenGrant } from "./held-grant.ts";
/** What work under a hold is given. Its functions can be destructured. */
export interface WorkHold<Grant> {
    /** The id of the hold; empty if the grant is unmetered. */
    readonly id: string;
    /** The grant that it stands on. */
    readonly grant: Grant;
    /** Aborts when the caller's signal does, and with a `PermitLostError` if a permit is lost. Pass it on. */
    readonly signal: AbortSignal;
    /**
     * States what was used so far, in total; the last call counts. A number is for a hold that took the same
     * of every limit; in an object, limits that aren't named count as used as reserved.
     *
     * @throws {RangeError} If the hold can't have been used so.
     * @throws {TypeError} If there is no hold, because `holdMs` wasn't given.
     */
    readonly used: (tokens: UsedTokens) => void;
}
/** What work under a permit is given. Its functions can be destructured. */
export interface WorkPermit<Grant> extends WorkHold<Grant> {
    /**
     * Higher than that of every earlier permit of the bucket. Send it along to what the work changes, which
     * can then refuse a lower one than it has seen. 0 if the grant is unmetered.
     */
    readonly fence: number;
}
/** The work's own result. */
export interface WorkDone<Value> {
    readonly ok: true;
    readonly value: Value;
}
/** Default of `holdMs`: extended while the work runs, so it only has to outlast a few failed calls. */
export declare const DEFAULT_HOLD_MS = 60000;
/**
 * Runs `work`, settles as it does, and ends the grant after it; after its result, if that is a stream.
 *
 * @param waitUntil Keeps the runtime going until the grant has ended. Must not throw.
 */
export declare function workUnder<Grant extends OpenGrant, Value>(grant: Grant, keeping: Keeping, work: (permit: WorkPermit<Grant>) => Value | Promise<Value>, waitUntil?: (ended: Promise<void>) => void): Promise<WorkDone<Value>>;
