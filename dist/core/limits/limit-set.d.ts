/**
 * The limits of one bucket as one: everything is taken of all of them at one instant, or nothing is. See
 * limit.ts for why promises survive that.
 *
 * Nearly all buckets have one limit. It is kept apart from the others (further-limits.ts), so such a bucket
 * pays a check for `undefined` and no loop.
 */
import type { Cost, LimitGrant, NamedTokens } from "./cost.ts";
import type { ClosedForm, Limit, LimitSpec, LimitState } from "./limit.ts";
import { Permits } from "./permits.ts";
import { type HeldLimit, type GrantEnds, type WrittenHold, Reserves } from "./reserves.ts";
/**
 * All limits of one bucket.
 *
 * @example
 * const limits = LimitSet.start(policy.limits, 0);
 * limits.tryTake(1); // true, if each of them has one
 * limits.availableAt(1); // when each of them has another one
 */
export declare class LimitSet {
    #private;
    private constructor();
    /**
     * Limits that start now, epoch milliseconds.
     *
     * @throws {RangeError} If there is no spec.
     */
    static start(specs: readonly LimitSpec[], nowMs: number): LimitSet;
    /**
     * The limits that `toJSON` described.
     *
     * @throws {RangeError} If there is no state for one of the specs, or more states than specs, or a
     * limit can't be in its state.
     */
    static restore(specs: readonly LimitSpec[], states: readonly LimitState[]): LimitSet;
    /** What each limit was made from, in order. */
    get specs(): readonly LimitSpec[];
    /** The first limit, which every bucket has: its flat fields, and the one that is lent from. */
    get first(): Limit;
    /** All limits, in order. */
    get all(): readonly Limit[];
    /** The further limits but for permits, with their names, in order; `undefined` if there are none. */
    get further(): readonly (readonly [string, Limit])[] | undefined;
    /** Whether there is one limit, and no permits. */
    get isSingle(): boolean;
    /** The permits, if the policy limits how many grants run at a time. */
    get permits(): Permits | undefined;
    /** Whether forecasts are estimates, because permits come back when their holders are done. */
    get isEstimate(): boolean;
    /** The names of the limits but for permits, in order. */
    get names(): readonly string[];
    /** What may still come back of holds. */
    get reserves(): Reserves | undefined;
    /** See `Limit`; `undefined` for several limits, whose order of waiters decides. */
    get closedForm(): ClosedForm | undefined;
    /** The last instant that counts, epoch milliseconds: the latest of all limits. */
    get reachedAtMs(): number;
    /**
     * An instant that is known to have passed, epoch milliseconds. During a pause that is the start, since
     * nothing has come in that would show more.
     */
    get passedAtMs(): number;
    /** Whether nothing is out. */
    get isWhole(): boolean;
    /**
     * The instant of what happens now, epoch milliseconds. If the clock jumps back behind the last instant
     * that the limits had reached, time stands still there, for this and every later instance, so no token
     * is granted at an instant before it came in.
     */
    instantOf(nowMs: number): number;
    /** Lets time pass up to and including `nowMs`, epoch milliseconds. */
    advance(nowMs: number): void;
    /** Whether the limits can ever have `cost` at one instant. */
    fits(cost: Cost): boolean;
    /** Whether `cost` is there now. Nothing is always there, even if a limit is below 0. */
    has(cost: Cost): boolean;
    /** When `cost`, which fits, is there if nobody takes any, epoch milliseconds; rounded beyond 2^53. */
    availableAt(cost: Cost): number;
    /**
     * How long after `fromMs` that is, in milliseconds; 0 or less if it is there now. What is there stays
     * there, so it is when the last of the limits has its part.
     */
    msUntil(cost: Cost, fromMs: number): number;
    /**
     * The names of the limits that can't ever have their part of `cost`; `undefined` if there is one limit.
     */
    namesOver(cost: Cost): readonly string[] | undefined;
    /**
     * The names of the limits that don't have their part of `cost` now, and not before `atMs` is over;
     * `undefined` if there is one limit.
     */
    namesLater(cost: Cost, atMs: number): readonly string[] | undefined;
    /** The name of the limit that has its part of `cost` last; `undefined` if there is one limit. */
    nameOfLast(cost: Cost): string | undefined;
    /** Takes `cost` and returns `true` if it is there; otherwise takes nothing and returns `false`. */
    tryTake(cost: Cost): boolean;
    /** From now on, `ends` end while time passes. */
    endWith(ends: GrantEnds): void;
    /** Reserves of each limit, permits aside, what has just been taken by a hold for `cost`. */
    reserve(cost: Cost): Readonly<Record<string, HeldLimit>>;
    /**
     * Puts back up to `tokens` of what a hold has reserved of a limit, as far as they may still come back, and returns
     * how many came back. The hold has ended.
     */
    giveBack(name: string, start: number, tokens: number): number;
    /**
     * What may still come back of `holds`: all that were on the disk, those that are over too.
     *
     * @param writtenOff See `Reserves`.
     */
    restoreReserves(holds: readonly WrittenHold[], writtenOff: NamedTokens): void;
    /** Takes what is owed, below zero if need be. What is owed of a limit that is gone is gone, too. */
    takeOwed(owed: NamedTokens): void;
    /** These limits as they are once `owed` has been taken; a copy, unless nothing is owed. */
    owing(owed: NamedTokens | undefined): LimitSet;
    /** Takes `cost`, which is there. */
    take(cost: Cost): void;
    /**
     * Switches to other limits. One that has the same name goes on with its tokens, cut to the new capacity,
     * even if it is of another kind; one that is new starts now; one that is no longer named is gone. Returns
     * whether all of them are as many and the same as before.
     *
     * @throws {RangeError} If there is no spec.
     */
    reconfigure(specs: readonly LimitSpec[], nowMs: number): boolean;
    /** The limits with one of these names, in order; the first limit if none are given. */
    named(names?: readonly string[]): Limit[];
    /** What `cost`, which has just been taken, was of the further limits; `undefined` if there are none. */
    furtherGrants(cost: Cost): Readonly<Record<string, LimitGrant>> | undefined;
    /** A second set in the same state, which shares nothing with this one. It doesn't know of holds. */
    copy(): LimitSet;
    /**
     * A second set that knows of holds, too.
     *
     * @param ends Those of the copy, if grants end here.
     */
    copyWithHolds(ends: GrantEnds | undefined): LimitSet;
    /** A copy to be run ahead of time, in which permits come back when they probably will. */
    estimate(): LimitSet;
    /** The state of each limit, for `restore`. */
    toJSON(): readonly LimitState[];
}
