/** What may still come back of holds, for all limits of one bucket, by the limit's name. */
import type { NamedTokens } from "./cost.ts";
import type { Limit } from "./limit.ts";
import { ReservedTokens } from "./reserved-tokens.ts";
/** What a hold has of one limit. */
export interface HeldLimit {
    /** Tokens it took. */
    readonly reserved: number;
    /** Tokens that its holder has said are spent, so far. May be more than it took. */
    readonly spent: number;
    /** See `ReservedTokens.add`. */
    readonly start: number;
}
/** What of one limit isn't spent yet. */
export declare function unspentOf({ reserved, spent }: HeldLimit): number;
/** What a hold has reserved, by the name of the limit. */
interface ReservedHold {
    readonly limits: Readonly<Record<string, HeldLimit>>;
}
/** A hold as it is on the disk. */
export interface WrittenHold extends ReservedHold {
    readonly expiresAtMs: number;
    /** Present once it is settled. */
    readonly settlement?: object;
}
/** Grants that end by themselves. */
export interface GrantEnds {
    /** The next instant at which one may end, epoch milliseconds; `Infinity` if there is none. */
    readonly nextEndAtMs: number;
    /** Ends what is over at `nowMs`, and returns the holds that are spent by that. */
    expire(nowMs: number): readonly ReservedHold[];
}
/** The accounts of one bucket. A limit of which no hold has taken any may have none. */
export declare class Reserves {
    #private;
    /** @param writtenOff What `toJSON` returned. */
    constructor(writtenOff?: NamedTokens);
    /** Others in the same state. */
    copy(): Reserves;
    /** The account of the limit called `name`. */
    of(name: string): ReservedTokens;
    /** What may still come back of `holds` to a limit as it is on the disk, too. */
    restore(name: string, { reachedAtMs }: Limit, holds: readonly WrittenHold[]): void;
    /** A hold has ended, and its tokens are spent. */
    end({ limits }: ReservedHold): void;
    /** Nothing comes back to any other limit, nor to a later one of its name. */
    keepOnly(names: readonly string[]): void;
    /**
     * Lets time pass for a limit, and writes off what there is no room for. Where a lease ends, ticks find more
     * room, so what they had made good before is written off first.
     */
    advance(name: string, limit: Limit, nowMs: number): void;
    /** The mark of each account, for the constructor. */
    toJSON(): NamedTokens;
}
export {};
