/**
 * A permit that is kept for as long as its work goes on: extended at a third of its time, so that two
 * calls may fail in between, and given back at the end.
 *
 * The limiter's clock and this machine's are never compared. What counts is how long a permit lasts, which
 * is the difference of two of the limiter's instants, from a moment on this machine's monotonic clock that
 * is before the limiter started counting. So a permit is taken for lost here no later than it is there; only
 * of an acquire that had to be sent again, that moment is unknown until the permit is first extended.
 */
import type { GrantedPermit } from "../core/outcome.ts";
import { PermitLostError } from "./permit-lost-error.ts";
/** The result of extending a permit. */
type Extended = {
    readonly ok: true;
    readonly expiresAtMs: number;
} | {
    readonly ok: false;
};
/** The verbs of a limiter that keep a permit. */
export interface PermitVerbs {
    /** The signal aborts when the answer is of no use any more. */
    readonly extendPermit: (id: string, signal: AbortSignal) => Extended | Promise<Extended>;
    readonly releasePermit: (id: string) => unknown;
}
/** A grant with the permit that it gave. */
export interface PermitGrant {
    readonly permit: GrantedPermit;
    readonly grantedAtMs: number;
    readonly waitedMs: number;
}
/** Keeps a permit until it is released, or lost. */
export declare class KeptPermit {
    #private;
    /**
     * @param askedAtMs When the grant was asked for, as `performance.now()`.
     * @param onLost Called at most once, and not after `release`.
     */
    constructor({ permit, grantedAtMs, waitedMs }: PermitGrant, verbs: PermitVerbs, askedAtMs: number, onLost: (error: PermitLostError) => void);
    /** Gives it back. Rejects if the limiter can't be told, which then gets it back when its time is up. */
    release(): Promise<void>;
}
export {};
