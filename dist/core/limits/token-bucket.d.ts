/**
 * The token bucket: whole tokens on a fixed grid of ticks. It knows nothing of the queue.
 *
 * Tick `k` falls on `startedAtMs + k × refillIntervalMs` and adds `refillTokens`, up to `capacity`.
 * Tick 0 is the start itself and is part of `initialTokens`. The state is three integers: the start,
 * the last tick added, and the tokens. Time becomes a tick's number by one integer division from the
 * start, so nothing drifts however late or rarely the bucket reads the clock, and catching up on a
 * hundred ticks at once leaves what a hundred single ones would have left.
 *
 * When ticks fall is a grid of its own (grid.ts). A calendar (calendar.ts) is the same bucket on another
 * one: at each midnight comes in as much as it holds.
 *
 * This is the form of the token bucket filter that has no daemon and only moves timestamps. Between two
 * calls the bucket is this record, and `advance` computes what a daemon would have done in the
 * meantime. The daemons of this project (an alarm, a timer) exist only to wake up waiters. No tick leaves
 * this file: others see instants only.
 *
 * **It never gives too much.** Whatever `advance` finds is cut to `capacity` before any of it can be
 * taken. So in a window of length T, the first call finds at most `capacity` tokens, and at most
 * `floor(T / refillIntervalMs) + 1` ticks follow it. A late daemon loses what overflows; it doesn't
 * make up for it with a burst.
 *
 * **Tokens that are out** have left the bucket and may be spent elsewhere at any time until their loan
 * ends. They still occupy it: ticks fill it no further than `capacity - lent`. So at the beginning of
 * any window, what is here and what is out come to at most `capacity`, and the bound above holds for
 * both together. A tick adds to what is below that mark and never lowers what is above it. (After the
 * capacity was cut, more may be out than fits.)
 *
 * **A pause** leaves some tokens, and lets ticks add nothing for a while. What becomes of the rest depends
 * on the form.
 *
 * Of most buckets, *it is lost*: a few ticks are soon made up for. Such a pause is kept as ticks that count
 * as added: the number of the last tick runs ahead of the clock, to the last tick of the pause.
 * Everything based on ticks (the next one, a look ahead, the end of loans) therefore respects the
 * pause without checking for it, and afterwards the bucket continues where its grid is by then, one
 * tick at a time. The tick that the clock has reached is kept beside it. It dates what happens during
 * the pause, and if the pause is lifted, ticks continue from there and none is added twice. Tokens
 * returned from a loan during a pause are lost. So a paused bucket never holds more than it would
 * without the pause, and the bound above still holds.
 *
 * If a tick brings all there is for a month, *it is put aside*: what the pause doesn't leave, what ticks add
 * and what holds return, and it is there again when the pause ends. What is left and what is aside are
 * together just what there would be without the pause, at each instant, and so the bound above holds.
 */
import type { BucketFields, BucketForm } from "./bucket-form.ts";
import type { BucketState } from "./bucket-state.ts";
import type { ClosedForm, Limit, LimitKind, LimitState } from "./limit.ts";
import type { TokenBucketFields } from "./token-bucket-fields.ts";
import { LentTokens } from "./lent-tokens.ts";
/**
 * A token bucket whose time is passed in.
 *
 * @example
 * const bucket = TokenBucket.start({ capacity: 1, refillTokens: 1, refillIntervalMs: 1000, initialTokens: 1 }, 0);
 * bucket.take(1);
 * bucket.msUntil(1, 0); // 1000
 * bucket.advance(1000);
 * bucket.tokens; // 1
 */
export declare class TokenBucket<Fields extends BucketFields = TokenBucketFields> implements Limit, ClosedForm {
    #private;
    private constructor();
    /**
     * A bucket that starts now: the grid's origin is `nowMs`, and it holds `initialTokens`.
     */
    static start(fields: TokenBucketFields, nowMs: number): TokenBucket;
    /** The same in another form. */
    static startAs<Fields extends BucketFields>(form: BucketForm<Fields>, fields: Fields, nowMs: number): TokenBucket<Fields>;
    /**
     * The bucket that `toJSON` described.
     *
     * @throws {RangeError} If a bucket with these fields can't be in that state: another kind, numbers
     * that aren't integers, a tick below 0, more tokens than the capacity and what is out leave room for.
     */
    static from(fields: TokenBucketFields, state: LimitState): TokenBucket;
    /**
     * The same in another form.
     *
     * @throws {RangeError} As `from`, and if it doesn't say when a tick fell that may fall on another instant.
     */
    static fromAs<Fields extends BucketFields>(form: BucketForm<Fields>, fields: Fields, state: LimitState): TokenBucket<Fields>;
    get capacity(): number;
    get tokens(): number;
    get missing(): number;
    get lent(): LentTokens | undefined;
    get startedAtMs(): number;
    get pausedUntilMs(): number | undefined;
    get pausedTokens(): number;
    /** The instant of the last tick that the clock has reached. */
    get reachedAtMs(): number;
    /** The first tick after now; for a paused bucket, the first after the pause, or its end if that brings any. */
    get nextGainAtMs(): number;
    get closedForm(): ClosedForm;
    /** Adds every tick up to and including `nowMs`. */
    advance(nowMs: number): void;
    msUntil(tokens: number, fromMs: number): number;
    take(tokens: number): void;
    /** What comes back during a pause is put aside or lost, as what ticks bring is. */
    giveBack(tokens: number): number;
    /** The next ticks make up for what is missing. */
    lend(tokens: number, untilMs: number): void;
    /** After the capacity was cut, more may be out than there is room for. */
    endLoan(untilMs: number, spent: number, returned: number): void;
    pause(untilMs: number, tokens: number, nowMs: number): boolean;
    resume(nowMs: number): boolean;
    /**
     * The grid keeps its origin, and what is out takes its room first. Ticks up to `nowMs` count as added,
     * those of the old grid under the old fields.
     */
    reconfigure(fields: Fields, nowMs: number): void;
    /**
     * Whether a waiter for `tokens` is always served before a tick can overflow. The tick that serves it
     * brings it to at most `tokens + refillTokens - 1`, which must fit.
     */
    covers(tokens: number): boolean;
    takeRun(tokens: number): void;
    copy(): TokenBucket<Fields>;
    toJSON(): BucketState;
}
/** The kind `bucket`: tokens that come in on a grid of ticks. */
export declare const tokenBucket: LimitKind<TokenBucketFields>;
