/**
 * When an isolate talks to the bucket about its leases: the timing around a `LeaseHolder`, as values.
 * The Worker, the load simulator and the fault simulator carry out the same steps, each with calls and
 * timers of its own.
 *
 * **One ask at a time.** An ask is sent exactly once, because the usage that it reports must not count
 * twice. An ask that isn't answered within `ttlMs` is given up the next time the driver is called, so
 * an isolate goes on asking even if the platform ended the call. A late answer is ignored: the bucket
 * counts that lease, and what the ask reported, as spent when the lease ends.
 *
 * **A timer for the end of the oldest lease** returns what is left of it if no request comes. None is
 * set while an ask is pending, since its answer leads back here. A timer may be lost with the request
 * that set it, so one that is overdue doesn't count as set. A clock that shows an earlier time than the
 * timer was set for has jumped back; the timer's own instant is used instead.
 *
 * **A paused bucket** must not be granted from any further, so everything held goes back at once.
 */
import type { Lease, LeaseAsk, LeaseReport } from "./lease.ts";
import type { LeaseTerms } from "../policy-tables.ts";
/** What the shell carries out next; empty if there is nothing to do. */
export interface LeaseStep {
    /** Send this once, and pass its answer or failure to `answered`. */
    readonly ask?: LeaseAsk;
    /** Send this once and ignore the answer. */
    readonly giveBack?: LeaseAsk;
    /** Set a timer for this instant, epoch milliseconds, possibly past, and call `woke` from it. */
    readonly wakeAtMs?: number;
}
/** What a bucket answers to an ask. */
export interface AskAnswer {
    /** `undefined` if the bucket lends nothing. */
    readonly lease: Lease | undefined;
    readonly isPaused: boolean;
}
/**
 * Drives the leases that one isolate holds of one bucket. Time is passed in as epoch milliseconds of
 * one clock.
 *
 * @example
 * const driver = new LeaseDriver({ maxTokens: 100, ttlMs: 1_000 });
 * driver.tryTake(5, 0); // false: the request goes to the bucket, with driver.returnAll()
 * const { ask } = driver.next(0); // { uses: [], granted: 0, wanted: 5 }: send it
 * const lease = { tokens: 5, startedAtMs: 0, untilMs: 4_000, ttlMs: 1_000 };
 * driver.answered(ask, { lease, isPaused: false }, 10); // { wakeAtMs: 1_000 }: set a timer
 * driver.tryTake(1, 20); // true
 */
export declare class LeaseDriver {
    #private;
    /** A driver that holds nothing yet. */
    constructor(terms: LeaseTerms);
    /** See `LeaseHolder.tokensAt`. */
    tokensAt(nowMs: number): number;
    /** See `LeaseHolder.tryTake`. Call `next` after a request, once it is settled. */
    tryTake(tokens: number, nowMs: number): boolean;
    /** See `LeaseHolder.returnAll`. */
    returnAll(): LeaseReport | undefined;
    /** Returns everything held, as a call to send once; `undefined` if nothing is held. */
    giveBack(): LeaseAsk | undefined;
    /** See `LeaseHolder.overloaded`. */
    overloaded(nowMs: number): void;
    /** See `LeaseHolder.backOffMs`. */
    backOffMs(nowMs: number): number;
    /** Whether the answer to `ask` still counts: it was neither answered nor given up. */
    isPending(ask: LeaseAsk): boolean;
    /** What to tell the bucket now, if anything. */
    next(nowMs: number): LeaseStep;
    /** The timer set for `wakeAtMs` has fired. */
    woke(wakeAtMs: number, nowMs: number): LeaseStep;
    /**
     * The bucket has answered `ask`. A call that failed counts as a bucket that lends nothing. Does
     * nothing if the ask was given up.
     */
    answered(ask: LeaseAsk, { lease, isPaused }: AskAnswer, nowMs: number): LeaseStep;
}
