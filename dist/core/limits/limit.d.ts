/**
 * The seam between what limits and what queues. A *limit* says when there is enough, and takes it. A
 * *kind* of limit is one file in this folder that says all there is to know about it;
 * docs/design/limits.md says how to add one. Everything else in the core (the queue, the forecast, what is written, what is lent)
 * works with these two interfaces.
 *
 * **Only instants cross the border.** How a kind gets its tokens, on a grid of ticks or at midnight, is
 * its own business. What others ask is: how many are there now, and how long after this instant will
 * there be so many if nobody takes any.
 *
 * **Why promises survive several limits** under first come, first served. Taking earlier is never worse:
 * `min(cap, x) - c <= min(cap, x - c)`, where `x` is what there would be without the cap, and `c` what is
 * taken. Compare two runs of one queue, and let a waiter leave in one of them. Everybody in front of it
 * is granted alike in both. Behind it, go from waiter to waiter: where the one who left has taken
 * nothing, and all others have taken no later, each limit holds at least as much once the same waiter
 * has been served, limit by limit. So the next one is granted no later either. Leaving only helps, for
 * any number of limits and whatever each waiter takes of them, and a time promised on arrival is kept.
 * That needs three things of a kind, and the suite of laws (kit/model/limit-laws.ts) holds each kind to
 * them: what is there stays there until somebody takes it, taking earlier is never worse, and a loan
 * lowers what is there by just what is lent.
 */
import type { FieldTable } from "../fields.ts";
import type { LentTokens } from "./lent-tokens.ts";
/** One limit of one bucket. It has no clock: its owner passes the time in. */
export interface Limit {
    /** The most tokens that can be there at one instant, at least 1. */
    readonly capacity: number;
    /** Tokens there as of the last `advance`. Below 0 if more has been taken than was there. */
    readonly tokens: number;
    /**
     * How many more there would be room for as of the last `advance`, beside those that a pause has put aside. Below
     * 0 if more is out than the capacity.
     */
    readonly missing: number;
    /** What is out as of the last `advance`; `undefined` if nothing is. */
    readonly lent: LentTokens | undefined;
    /** When it started, epoch milliseconds; tells it apart from an earlier or a later one. */
    readonly startedAtMs: number;
    /**
     * The last instant that counts, epoch milliseconds: tokens there now have been there since. An
     * `advance` to an instant before it changes nothing.
     */
    readonly reachedAtMs: number;
    /** When tokens next come in, epoch milliseconds, whether or not there is room for them. */
    readonly nextGainAtMs: number;
    /** Until when it is paused, epoch milliseconds, as of the last `advance`; `undefined` if it isn't. */
    readonly pausedUntilMs: number | undefined;
    /** What the pause has put aside: it is there again when that ends. 0 if nothing is, as without a pause. */
    readonly pausedTokens: number;
    /** Present if a run of waiters can be served in one step. */
    readonly closedForm: ClosedForm | undefined;
    /** Lets time pass up to and including `nowMs`, epoch milliseconds. */
    advance(nowMs: number): void;
    /**
     * How long after `fromMs`, epoch milliseconds, `tokens` (at most the capacity) are there if nobody
     * takes any; `reachedAtMs - fromMs` if they are there now. `Infinity` if only a return brings them.
     * From an instant, and not the instant itself, because that may be beyond 2^53 and so inexact.
     */
    msUntil(tokens: number, fromMs: number): number;
    /** Takes `tokens`, whether they are there or not. */
    take(tokens: number): void;
    /**
     * Puts back `tokens`, at most `missing`, as if they hadn't been taken. Returns how many came back, some of them
     * when a pause ends: none if the limit is paused and loses what would come in.
     */
    giveBack(tokens: number): number;
    /**
     * Lets `tokens` out until `untilMs`, epoch milliseconds, whether they are there or not. They occupy
     * the limit until the loan ends, by `endLoan` or by itself, and its kind's `atLoanEnd` says what of them.
     */
    lend(tokens: number, untilMs: number): void;
    /**
     * Ends a loan that ends at `untilMs`, or part of one: `spent` tokens are gone, and `returned` come
     * back as far as there is room. Counts for at most what is out until then, so for nothing once the
     * loan has ended. Tokens returned during a pause are put aside or lost, as with all that comes in.
     */
    endLoan(untilMs: number, spent: number, returned: number): void;
    /**
     * Leaves at most `tokens`, and lets nothing come in before `untilMs`. What that holds back is lost, and
     * what comes in at `untilMs` with it; or it is put aside until then, as the kind says. Doesn't shorten a
     * pause that is in force. Returns whether anything changed; an `untilMs` that isn't after `nowMs`
     * changes nothing.
     */
    pause(untilMs: number, tokens: number, nowMs: number): boolean;
    /**
     * Ends a pause at `nowMs`: what it has put aside is there, what it took away stays lost, and tokens come
     * in again after `nowMs`. Returns whether there was a pause.
     */
    resume(nowMs: number): boolean;
    /**
     * Switches to other fields of its kind. Keeps its tokens, cut to the new capacity, what is out, and a
     * pause. The change itself brings no token, however often it is repeated.
     */
    reconfigure(fields: unknown, nowMs: number): void;
    /** A second limit in the same state, which shares nothing with this one. */
    copy(): Limit;
    /** The state, for `LimitKind.restore`. */
    toJSON(): LimitState;
}
/** A run of waiters served in one step: the sum of what they want decides, not their order. */
export interface ClosedForm {
    /** Whether waiters for `tokens` each may be part of such a run while nothing is out. */
    covers(tokens: number): boolean;
    /** The same as serving, one after the other, waiters that want `tokens` together. */
    takeRun(tokens: number): void;
}
/** A limit's state as JSON; what else it holds is up to its kind. */
export interface LimitState {
    /** The kind's name. */
    readonly kind: string;
}
/** What the fields of every kind have. */
export interface LimitFields {
    readonly capacity: number;
    /** Tokens in a new limit; absent if the kind always starts the same. */
    readonly initialTokens?: number;
}
/**
 * A kind of limit: the one thing to write for a new one.
 *
 * `Fields` are what a policy says of such a limit. All methods expect fields that are checked.
 */
export interface LimitKind<Fields extends LimitFields> {
    /** As it is written in states. */
    readonly name: string;
    /**
     * Bounds and defaults of the fields that are numbers; the configuration's check follows from them. What people read of
     * the fields is a `FieldWords` of its own in the kind's file, from which OpenAPI and the documentation
     * follow, so that no client carries it.
     */
    readonly fields: FieldTable<string>;
    /**
     * Whether `msUntil` says when tokens will be there, or only an estimate, because what brings them
     * isn't time alone.
     */
    readonly forecast: "exact" | "estimate";
    /** What becomes of a loan's tokens when it ends by itself. */
    readonly atLoanEnd: "spent" | "returned";
    /** A limit that starts now, epoch milliseconds. */
    start(fields: Fields, nowMs: number): Limit;
    /**
     * The limit that `toJSON` described.
     *
     * @throws {RangeError} If a limit with these fields can't be in that state.
     */
    restore(fields: Fields, state: LimitState): Limit;
    /**
     * The most tokens of a write-ahead batch (see write-ahead.ts), which is what a crash may lose; 0 if
     * each grant is to be written. Must be 0 where loans return: the batch of an instance that is gone
     * would come back while callers have it.
     */
    maxBatch(fields: Fields): number;
    /**
     * What a batch is taken from: the tokens that are there, or also those that come in within a second,
     * with which it may go below 0. Where they come in seldom, a crash would leave a debt for as long; and
     * a debt that is small for one capacity takes many periods of a lower one.
     */
    readonly batchFrom: "tokens" | "ticks";
    /** How long it takes, by and large, until an empty limit is full, in milliseconds. */
    windowMs(fields: Fields): number;
    /** The most tokens that it gives in any window of `windowMs`, both ends included. */
    maxGranted(fields: Fields, windowMs: number): number;
}
/** One of a policy's limits: a kind, its fields, and the name by which it stays the same limit. */
export interface LimitSpec {
    readonly name: string;
    readonly kind: LimitKind<LimitFields>;
    readonly fields: LimitFields;
}
/** The limit called `name`, of `kind`, with checked `fields`. */
export declare function limitSpec<Fields extends LimitFields>(name: string, kind: LimitKind<Fields>, fields: Fields): LimitSpec;
