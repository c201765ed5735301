/**
 * Holds and permits of one bucket: what a grant opens, and what its holder may ask for afterwards. The grants
 * themselves are in open-grants.ts, and what comes back goes to the limits.
 *
 * A permit that was granted or extended on a session belongs to it, and has no end while the session lives. One that
 * is extended elsewhere belongs to that session, or to none: so a client that has lost its session resumes its permits.
 */
import type { Cost, NamedTokens } from "../limits/cost.ts";
import type { LimitSet } from "../limits/limit-set.ts";
import type { Grant } from "../outcome.ts";
import type { HoldAnswer, HoldCall, PermitAnswer } from "./hold-call.ts";
import type { GrantRow } from "./grant-row.ts";
import { type GrantEnds } from "../limits/reserves.ts";
/** The answer to a holder, and what its hold owes from now on; nothing has been taken for that yet. */
export interface HoldResult {
    readonly answer: HoldAnswer;
    readonly owed?: NamedTokens | undefined;
}
/** What a grant opens, if anything. */
export interface Opening {
    readonly cost: Cost;
    readonly grantedAtMs: number;
    /** `undefined` without a hold. */
    readonly holdMs: number | undefined;
    /** The session of the caller; `undefined` without one. */
    readonly sessionId?: string | undefined;
}
/** The holds and permits of one bucket. */
export declare class Holds {
    #private;
    /**
     * @param newId Makes an id that can't be guessed, another one each time.
     * @param lastFence See `OpenGrants.lastFence`.
     */
    constructor(newId: () => string, lastFence?: number);
    /** What rows describe; of holds that were open, the rest may come back to `limits`. */
    restore(rows: readonly GrantRow[], limits: LimitSet | undefined, writtenOff: NamedTokens): void;
    /** Others in the same state. */
    copy(): Holds;
    /** What ends by itself. */
    get ends(): GrantEnds;
    /** See `OpenGrants.lastFence`. */
    get lastFence(): number;
    /** Whether there are rows on the disk. */
    get hasRows(): boolean;
    /** See `OpenGrants.rememberedUntilMs`. */
    get rememberedUntilMs(): number;
    get hasOpenHolds(): boolean;
    /** Whether another hold may be opened. */
    get hasRoom(): boolean;
    /** When the first hold ends that is open, epoch milliseconds; `Infinity` if there is none. */
    get firstHoldEndAtMs(): number;
    /** A grant whose tokens, and permit if there are any, have just been taken. */
    open(limits: LimitSet, { cost, grantedAtMs, holdMs, sessionId }: Opening): Pick<Grant, "hold" | "permit">;
    /** What the turn that ends now has to write; `undefined` if nothing. */
    takeChanged(): readonly GrantRow[] | undefined;
    /** Does what the holder of `id` asks for. */
    change(limits: LimitSet, id: string, call: HoldCall, nowMs: number): HoldResult;
    /** The holder of `id` gives everything back. */
    drop(limits: LimitSet, id: string, nowMs: number): HoldResult;
    /**
     * The holder of `id` keeps its permit for as long as a new one lasts. Its end is never moved forward: the holder may
     * not get the answer. The permit belongs to the session `sessionId` from now on, or to none; if that is so already,
     * there is nothing to note.
     */
    extendPermit(limits: LimitSet, id: string, sessionId?: string): PermitAnswer;
    /** The permit of `id` comes back; returns `false` if it has already. */
    releasePermit(limits: LimitSet, id: string, nowMs: number): boolean;
    /**
     * Sessions are over: their permits end at `endAtMs`, which may be now. Returns whether they had any.
     *
     * @param isOver Whether the session with this id is over.
     */
    endSessions(limits: LimitSet, isOver: (sessionId: string) => boolean, { endAtMs, nowMs }: {
        readonly endAtMs: number;
        readonly nowMs: number;
    }): boolean;
    /** The policy has no permits any more: all of them are lost. */
    dropPermits(): void;
    /** Tokens that holds which are open at `nowMs` have reserved and not spent, of each of these limits. */
    heldTokens(names: readonly string[], nowMs: number): NamedTokens;
    /** See `OpenGrants.oldestPermitAtMs`. */
    oldestPermitAtMs(nowMs: number): number | undefined;
}
