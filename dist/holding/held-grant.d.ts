/**
 * A grant whose hold and permit are kept while work goes on, and ended with it: the hold is settled, the
 * permit is given back.
 */
import type { GrantedHold, GrantedPermit } from "../core/outcome.ts";
import type { TakenTokens, UsedTokens } from "./used-tokens.ts";
import { type HoldVerbs } from "./kept-hold.ts";
import { type PermitVerbs } from "./kept-permit.ts";
/** What a limiter's grant may leave open. */
export interface OpenGrant extends TakenTokens {
    readonly grantedAtMs: number;
    readonly waitedMs: number;
    readonly hold?: GrantedHold;
    readonly permit?: GrantedPermit;
    /** Whether there was no bucket to take anything from. */
    readonly isUnmetered?: true;
}
/** How a grant is kept. */
export interface Keeping {
    readonly verbs: HoldVerbs & PermitVerbs;
    /** When it was asked for, as `performance.now()`. */
    readonly askedAtMs: number;
    /** For how long a hold was asked for; `undefined` if none was. */
    readonly holdMs: number | undefined;
    /** The caller's signal. */
    readonly signal: AbortSignal | undefined;
    /** Called if the hold can't be settled or the permit not be given back. Must not throw. */
    readonly report: (error: unknown) => void;
}
/** Keeps what a grant left open until `end`. */
export declare class HeldGrant {
    #private;
    /** Resolves once the grant has ended. Never rejects. */
    readonly ended: Promise<void>;
    constructor(grant: OpenGrant, { verbs, askedAtMs, holdMs, signal, report }: Keeping);
    /** Aborts when the caller's signal does, and when the permit is lost. */
    get signal(): AbortSignal;
    /**
     * So much was used so far. The last call counts; once the grant has ended, none does.
     *
     * @throws {RangeError} If the hold can't have been used so.
     * @throws {TypeError} If there is no hold.
     */
    used(tokens: UsedTokens): void;
    /** Settles the hold and gives the permit back; once, however often it is called. See `ended`. */
    end(): void;
}
