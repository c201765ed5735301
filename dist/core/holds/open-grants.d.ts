/**
 * Open grants: those of which something may come back. One has a hold, a permit, or both, and an id that only
 * its holder knows.
 *
 * Each is a row on the disk, written in the turn that grants it and again in each turn that changes it, so the
 * holder never hears of anything that a crash could forget. Rows have slots. The slot of a grant that is over is
 * given to a later one, so rows are rewritten and never deleted, and there are as many as were ever needed at a
 * time. The highest fence is on the disk as long as the bucket: a slot is only given to a higher one.
 *
 * **A hold is over** when it is settled, or when its end passes, and then its tokens are spent. It is remembered
 * for ten minutes, or until ten thousand more are over in the same way: a holder that asks again gets the same
 * answer, and one that is late can still say what it used, however many others settle in time.
 *
 * What a hold may still give back is the limits' business (limits/reserved-tokens.ts), and so is when a permit
 * ends.
 */
import type { Grant } from "../outcome.ts";
import type { GrantRow, HoldState, OpenGrantState, PermitState } from "./grant-row.ts";
/** The most holds that are open at a time: about 3 MB of an object's 128. */
export declare const MAX_OPEN_HOLDS = 10000;
/** How long a hold is remembered after its end: retries of a settle arrive within seconds. */
export declare const REMEMBERED_MS = 600000;
/** What a new grant opens. */
interface Opened {
    readonly id: string;
    readonly grantedAtMs: number;
    readonly hold: HoldState | undefined;
    /** `undefined` if it has none. */
    readonly permit: PermitState | undefined;
}
/** The open grants of one bucket, and holds that are over and remembered. */
export declare class OpenGrants {
    #private;
    /** @param lastFence The highest fence so far; 0 if there has been no permit. */
    constructor(lastFence?: number);
    /** The grants that rows describe. */
    static from(rows: Iterable<GrantRow>): OpenGrants;
    /** Others in the same state. */
    copy(): OpenGrants;
    /** The highest fence so far; 0 if there has been no permit. */
    get lastFence(): number;
    /** Holds that are neither settled nor over, as of the last `expire`. */
    get openHoldCount(): number;
    /** When something of a grant ends next, epoch milliseconds; `Infinity` if nothing is left. */
    get nextEndAtMs(): number;
    /** What holds that are open at `nowMs` have reserved and not spent, by limit. */
    heldTokensAt(nowMs: number): ReadonlyMap<string, number>;
    /**
     * Until when any hold so far may be remembered, epoch milliseconds; `-Infinity` if there has been none. One that is
     * settled early counts with the end that it had, so nobody has to look at all of them.
     */
    get rememberedUntilMs(): number;
    /** Whether there are rows on the disk. */
    get hasRows(): boolean;
    /** When the first hold ends that is open, epoch milliseconds; `Infinity` if there is none. */
    get firstHoldEndAtMs(): number;
    /** When the oldest permit that is out at `nowMs` was granted, epoch milliseconds; `undefined` if none is. */
    oldestPermitAtMs(nowMs: number): number | undefined;
    /** The grant with that id, open or remembered. */
    find(id: string): OpenGrantState | undefined;
    /** All holds, those that are over and remembered too. */
    holds(): IterableIterator<HoldState>;
    /** The holds that are open. */
    openHolds(): IterableIterator<HoldState>;
    /** The grants whose permits are out, in the order in which they were granted. */
    withPermit(): IterableIterator<OpenGrantState>;
    /** Opens a grant, and returns what its grant says of it. */
    open({ id, grantedAtMs, hold, permit }: Opened): Pick<Grant, "hold" | "permit">;
    /** Puts another state in place of the one of the grant with the same id. */
    change(state: OpenGrantState): void;
    /**
     * Ends what is over at `nowMs`, and returns the holds that are spent by that. For a hold nothing has to be
     * written, since its end is on the disk. That a permit has come back must be, before another one takes its place.
     */
    expire(nowMs: number): readonly HoldState[];
    /** All permits are lost. */
    dropPermits(): void;
    /** What the turn that ends now has to write; `undefined` if nothing. */
    takeChanged(): readonly GrantRow[] | undefined;
}
export {};
