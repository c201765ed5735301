/**
 * Permits: how many grants run at a time. Each grant takes one, whatever tokens it takes, and gives it back when it
 * is released, or when its time is up.
 *
 * When one comes back is up to its holder, so the forecast is an estimate: it assumes that each permit comes back
 * after as long as permits were held lately. `msUntil` itself says when it comes back if no holder does anything.
 *
 * A permit of a session is *bound*: it has no end of its own, and comes back when its holder or the session's end
 * says so (see holds/holds.ts).
 *
 * **Never more than `max` at an instant.** A permit is on the disk before its holder hears of it, and the time of
 * a limit never runs back (`reachedAtMs`), so one whose time was up stays lost.
 */
import type { Limit, LimitFields, LimitKind, LimitSpec, LimitState } from "./limit.ts";
/** The name of the limit. No policy can ask for a limit of that name. */
export declare const PERMITS_LIMIT = "#permits";
/** What a policy says of permits; `capacity` is its `max`. */
export interface PermitFields extends LimitFields {
    /** How long a permit lasts unless it is extended, in milliseconds. */
    readonly ttlMs: number;
}
interface PermitsState extends LimitState {
    readonly kind: "permits";
    readonly startedAtMs: number;
    readonly reachedAtMs: number;
}
/** The permits of one bucket. */
export declare class Permits implements Limit {
    #private;
    readonly startedAtMs: number;
    readonly lent: undefined;
    readonly pausedUntilMs: undefined;
    readonly pausedTokens = 0;
    readonly closedForm: undefined;
    private constructor();
    /** All permits free, as of now. */
    static start(fields: PermitFields, nowMs: number): Permits;
    /**
     * What `toJSON` described, with all permits free: those that are out are restored one by one, by `lend`.
     *
     * @throws {RangeError} If it is the state of another kind, or its instants aren't integers.
     */
    static from(fields: PermitFields, state: LimitState): Permits;
    get capacity(): number;
    /** Permits that are free. Below 0 after the policy allows fewer than are out. */
    get tokens(): number;
    get missing(): number;
    get reachedAtMs(): number;
    /** `Infinity` if none ends by itself. */
    get nextGainAtMs(): number;
    /** When a permit that is taken now ends, epoch milliseconds. */
    get endAtMs(): number;
    advance(nowMs: number): void;
    msUntil(tokens: number, fromMs: number): number;
    take(tokens: number): void;
    lend(tokens: number, untilMs: number): void;
    /** A permit that is out until `untilMs` is bound: from now on, it has no end. */
    bind(untilMs: number): void;
    /** A permit that was bound comes back; `untilMs` is when it would have ended by itself. */
    endBound(untilMs: number): void;
    /** Permits come back whatever their holders have done with them. */
    endLoan(untilMs: number, spent: number, returned: number): void;
    /** A permit comes back by itself: see `settle`. */
    giveBack(): number;
    /** A permit has come back `heldMs` after it was granted, before its time was up. */
    noteHeld(heldMs: number): void;
    /** A pause stops what comes in by time. */
    pause(): boolean;
    resume(): boolean;
    /** Permits that are out keep their ends. */
    reconfigure({ capacity, ttlMs }: PermitFields, nowMs: number): void;
    copy(): Permits;
    /**
     * A copy in which permits, those that are out too, last as long as they were held on average. One that is bound and
     * has lasted longer is expected to last as long again.
     */
    estimate(): Permits;
    toJSON(): PermitsState;
}
/** The kind `permits`: what is taken comes back. */
export declare const permits: LimitKind<PermitFields>;
/** What limits the callers of a bucket: its policy's limits and, behind them, permits if it has any. */
export declare function limitsOf({ limits, concurrency, }: {
    readonly limits: readonly LimitSpec[];
    readonly concurrency?: {
        readonly max: number;
        readonly ttlMs: number;
    } | undefined;
}): readonly LimitSpec[];
export {};
