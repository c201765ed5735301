/**
 * What always holds inside the core. A broken invariant is a bug in the core, never a caller's mistake,
 * so it throws at the place where it breaks.
 *
 * Tests and the fault simulator call `enforceInvariants` (test/invariants.setup.ts and
 * kit/simulation/simulate.ts); nothing else does. A deployed Worker never calls it, so every bundler
 * drops that function and the class below, and a call such as `invariants?.queue(…)` evaluates nothing,
 * not even its arguments. That needs no build constant, which plain Node, `tsc` and each bundler would
 * all have to agree on.
 */
import type { Cost } from "./limits/cost.ts";
/** The invariants if they are enforced, else `undefined`. */
export declare let invariants: Invariants | undefined;
/** Enforces the invariants from now on, in everything that shares this module. */
export declare function enforceInvariants(): void;
/** What the invariants need to know of a waiter. */
interface PromisedWaiter {
    readonly deadlineAtMs: number;
}
/** Lent tokens that end at one instant. */
interface Sum {
    readonly untilMs: number;
    readonly tokens: number;
}
/** One method per invariant; each throws an `Error` if it doesn't hold. */
export declare class Invariants {
    #private;
    /** A queue's running counts fit each other and its ends. */
    queue(waiters: number, tokens: number, head: object | undefined, tail: object | undefined): void;
    /** A newcomer stands behind everybody who came earlier, and before everybody who came later. */
    joinedInOrder(previousAtMs: number | undefined, queuedAtMs: number, nextAtMs?: number): void;
    /** The waiters that the closed form doesn't cover are some of all waiters. */
    uncovered(uncovered: number, waiters: number): void;
    /** A turn ends with nobody waiting whose tokens are there. */
    headWaits(isThere: boolean, wanted: Cost): void;
    /** The head is due when its tokens are there. */
    headIsDue(keptAtMs: number, atMs: number): void;
    /** A limit has whole tokens, and no more than it can. */
    limit(tokens: number, capacity: number): void;
    /** Sums that are out are positive, end one after the other, and add up. */
    lent(sums: readonly Sum[], tokens: number): void;
    /** What is on the disk holds a batch less than memory does, and a batch has its limit. */
    writtenAhead(batch: number, maxBatch: number, inMemory: number, onDisk: number): void;
    /** An isolate grants tokens that it holds, all of them. */
    tookFromLeases(missing: number): void;
    /** `waiter` has been promised a grant by `grantAtMs`. */
    promised(waiter: PromisedWaiter, grantAtMs: number): void;
    /** The daemon has come late, so promises can't be kept; waiters that stay are promised anew. */
    cameLate(waiters: Iterable<PromisedWaiter>): void;
    /**
     * Somebody came back: everybody may be granted later than promised, but not past their deadline.
     */
    movedBack(waiters: Iterable<PromisedWaiter>): void;
    /** Nobody is granted at a later tick than promised. */
    grantedAsPromised(waiter: PromisedWaiter, tickAtMs: number): void;
}
export {};
