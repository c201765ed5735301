/**
 * The limits of a bucket after the first one: see limit-set.ts. What is asked of them is part of each acquire
 * and of each step of a forecast, so all of it is plain loops, which allocate nothing.
 */
import type { Cost, LimitGrant } from "./cost.ts";
import type { Limit } from "./limit.ts";
/** Limits that are taken from together, the first of which has the index 1 in costs. */
export declare class FurtherLimits {
    readonly all: readonly Limit[];
    constructor(all: readonly Limit[]);
    /** The later of `firstAtMs` and the last instants that count for each of them, epoch milliseconds. */
    latestOf(firstAtMs: number): number;
    /** Lets time pass up to and including `nowMs`, epoch milliseconds. */
    advance(nowMs: number): void;
    /** Whether they can ever have their parts of `cost`. */
    fits(cost: Cost): boolean;
    /** Whether their parts of `cost` are there now. */
    has(cost: Cost): boolean;
    /** How long after `fromMs` the last of them has its part of `cost`, but at least `firstMs`. */
    msUntil(cost: Cost, fromMs: number, firstMs: number): number;
    /** Takes their parts of `cost`, which are there. */
    take(cost: Cost): void;
    /** What `cost`, which has just been taken, was of each that `names` names, behind the first limit. */
    grantsOf(cost: Cost, names: readonly string[]): Record<string, LimitGrant>;
    /** Others in the same state, which share nothing with these. */
    copy(): FurtherLimits;
}
