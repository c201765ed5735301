/**
 * The token bucket: whole tokens on a fixed grid of ticks. It knows nothing of the queue.
 *
 * Tick `k` falls on `startedAtMs + k × refillIntervalMs` and adds `refillTokens`, up to `capacity`.
 * Tick 0 is the start itself and is part of `initialTokens`. The state is three integers: the start,
 * the last tick added, and the tokens. Time becomes a tick's number by one integer division from the
 * start, so nothing drifts however late or rarely the bucket reads the clock, and catching up on a
 * hundred ticks at once leaves what a hundred single ones would have left.
 *
 * This is the form of the token bucket filter that has no daemon and only moves timestamps. Between two
 * calls the bucket is this record, and `advance` computes what a daemon would have done in the
 * meantime. The daemons of this project (an alarm, a timer) exist only to wake up waiters.
 *
 * **It never gives too much.** Whatever `advance` finds is cut to `capacity` before any of it can be
 * taken. So in a window of length T, the first call finds at most `capacity` tokens, and at most
 * `floor(T / refillIntervalMs) + 1` ticks follow it. A late daemon loses what overflows; it doesn't
 * make up for it with a burst.
 *
 * **Tokens on lease** have left the bucket and may be spent elsewhere at any time until their lease
 * ends. They still occupy it: ticks fill it no further than `capacity - leased`. So at the beginning of
 * any window, what is here and what is out come to at most `capacity`, and the bound above holds for
 * both together. A tick adds to what is below that mark and never lowers what is above it. (After the
 * capacity was cut, more may be out than fits.)
 *
 * **A pause** takes tokens away and lets ticks add nothing for a while. It is kept as ticks that count
 * as added: the number of the last tick runs ahead of the clock, to the last tick of the pause.
 * Everything based on ticks (the next one, a look ahead, the end of leases) therefore respects the
 * pause without checking for it, and afterwards the bucket continues where its grid is by then, one
 * tick at a time. The tick that the clock has reached is kept beside it. It dates what happens during
 * the pause, and if the pause is lifted, ticks continue from there and none is added twice. Tokens
 * returned from a lease during a pause are lost. So a paused bucket never holds more than it would
 * without the pause, and the bound above still holds.
 */
import type { LeasedSum } from "./leased-tokens.ts";
import type { Policy } from "../policy.ts";

import { LeasedTokens } from "./leased-tokens.ts";
import { invariants } from "../invariants.ts";
import { tokenBucketFields } from "./token-bucket-fields.ts";

/**
 * The latest instant, epoch milliseconds, and the longest duration that is reported: 285,000 years.
 * Integers in JSON aren't exact beyond it. Anything further ahead, such as a billion tokens at one a
 * day, is reported as this; anything less is exact.
 */
const MAX_REPORTED_MS = Number.MAX_SAFE_INTEGER;

/** The bucket's state: two counts, an epoch instant in milliseconds, and what is on lease. */
export interface TokenBucketState {
  readonly startedAtMs: number;
  /** Number of the last tick added. */
  readonly tick: number;
  /** Below 0 if tokens of future ticks are on lease. */
  readonly tokens: number;
  /** Absent if nothing is on lease. */
  readonly leased?: readonly LeasedSum[];
  /**
   * Ticks up to and including this instant add nothing, epoch milliseconds. Absent if the bucket isn't
   * paused.
   */
  readonly pausedUntilMs?: number;
}

/**
 * A token bucket whose time is passed in.
 *
 * @example
 * const bucket = TokenBucket.start(Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1000 }), 0);
 * bucket.tryTake(1); // true
 * bucket.tryTake(1); // false
 * bucket.advance(1000);
 * bucket.tryTake(1); // true
 */
export class TokenBucket {
  #policy: Policy;
  readonly #startedAtMs: number;
  /** Runs ahead of the clock during a pause. */
  #tick: number;
  #tokens: number;
  /** Nearly always `undefined`, and then everything is plain arithmetic. */
  #leased: LeasedTokens | undefined;
  /** Nearly always `undefined`. */
  #pausedUntilMs: number | undefined = undefined;
  /** The last tick that the clock has reached; kept only during a pause. */
  #reachedTick = 0;

  private constructor(policy: Policy, state: TokenBucketState) {
    this.#policy = policy;
    this.#startedAtMs = state.startedAtMs;
    this.#tick = state.tick;
    this.#tokens = state.tokens;
    this.#leased = state.leased && new LeasedTokens(state.leased);
    if (state.pausedUntilMs !== undefined) this.#holdTicks(state.pausedUntilMs);
  }

  /**
   * A bucket that starts now: the grid's origin is `nowMs`, and it holds `policy.initialTokens`.
   */
  static start(policy: Policy, nowMs: number): TokenBucket {
    return new TokenBucket(policy, { startedAtMs: nowMs, tick: 0, tokens: policy.initialTokens });
  }

  /**
   * The bucket that `toJSON` described.
   *
   * @throws {RangeError} If a bucket of this policy can't be in that state: numbers that aren't
   * integers, a tick below 0, more tokens than the capacity and the leases leave room for, or fewer
   * than the negative of the largest legal capacity.
   */
  static from(policy: Policy, state: TokenBucketState): TokenBucket {
    const { startedAtMs, tick, tokens, leased = [], pausedUntilMs = 0 } = state;
    const leasedTokens = new LeasedTokens(leased).tokens;
    const isPossible =
      Number.isSafeInteger(startedAtMs) &&
      Number.isSafeInteger(tick) &&
      Number.isSafeInteger(tokens) &&
      Number.isSafeInteger(pausedUntilMs) &&
      tick >= 0 &&
      tokens >= -tokenBucketFields.capacity.max &&
      tokens <= Math.max(0, policy.capacity - leasedTokens) &&
      leased.every(isPossibleSum);
    if (!isPossible) {
      throw new RangeError(
        `Cannot restore a bucket from ${JSON.stringify(state)}: capacity is ${policy.capacity}`,
      );
    }
    return new TokenBucket(policy, state);
  }

  /** Tokens available as of the last `advance`; below 0 if tokens of future ticks are on lease. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Tokens on lease as of the last `advance`. */
  get leasedTokens(): number {
    return this.#leased?.tokens ?? 0;
  }

  /** Tells this bucket apart from earlier and later ones of the same name. */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  /** Number of the last tick added; during a pause, of the pause's last tick. */
  get tick(): number {
    return this.#tick;
  }

  /** Until when the bucket is paused, as of the last `advance`; `undefined` if it isn't. */
  get pausedUntilMs(): number | undefined {
    return this.#pausedUntilMs;
  }

  /** The instant of the last tick that the clock has reached, epoch milliseconds. */
  get reachedAtMs(): number {
    return this.timeOfTick(this.#pausedUntilMs === undefined ? this.#tick : this.#reachedTick);
  }

  /** The instant of tick `tick` on the grid, epoch milliseconds; at most `MAX_REPORTED_MS`. */
  timeOfTick(tick: number): number {
    // Whatever is rounded is larger than that already.
    return Math.min(MAX_REPORTED_MS, this.#startedAtMs + tick * this.#policy.refillIntervalMs);
  }

  /**
   * Adds every tick up to and including `nowMs`. An instant before the last tick changes nothing.
   */
  advance(nowMs: number): void {
    const tick = this.#tickAt(nowMs);
    this.advanceToTick(tick);
    if (this.#leased) this.#endLeases(nowMs);
    if (this.#pausedUntilMs === undefined) return;
    if (nowMs >= this.#pausedUntilMs) this.#pausedUntilMs = undefined;
    else this.#reachedTick = Math.max(this.#reachedTick, tick);
  }

  /** Adds every tick up to and including `tick`. A tick that was added before changes nothing. */
  advanceToTick(tick: number): void {
    if (tick <= this.#tick) return;
    this.#pausedUntilMs = undefined;
    if (this.#leased) this.#fillAcrossEnds(tick);
    else this.#fillTo(tick);
  }

  /**
   * Takes `tokens` and returns `true` if they are there; otherwise takes nothing and returns `false`.
   */
  tryTake(tokens: number): boolean {
    if (tokens > this.#tokens) return false;
    this.#tokens -= tokens;
    return true;
  }

  /**
   * Lends `tokens` until `untilMs`, epoch milliseconds, whether they are there or not. The next ticks
   * make up for what is missing.
   */
  lend(tokens: number, untilMs: number): void {
    this.#tokens -= tokens;
    (this.#leased ??= new LeasedTokens()).add(tokens, untilMs);
  }

  /**
   * Settles a lease that ends at `untilMs`, or part of one: `used` tokens are spent, and `returned`
   * come back as far as there is room (after the capacity was cut, more may be out than it holds).
   * Counts for at most what is on lease until then, so for nothing once the lease has ended. Tokens
   * returned during a pause are lost.
   */
  settle(untilMs: number, used: number, returned: number): void {
    if (!this.#leased) return;
    this.#leased.remove(used, untilMs);
    const back = this.#leased.remove(returned, untilMs);
    if (this.#pausedUntilMs === undefined) {
      this.#tokens = Math.max(this.#tokens, Math.min(this.#room, this.#tokens + back));
    }
    invariants?.bucket(this.#tokens, this.#policy.capacity);
    if (this.#leased.tokens === 0) this.#leased = undefined;
  }

  /**
   * Ticks until `tokens` (at most the capacity) are there if nobody takes any; 0 if they are there now.
   */
  ticksUntil(tokens: number): number {
    const ticks = Math.max(0, Math.ceil((tokens - this.#tokens) / this.#policy.refillTokens));
    if (!this.#leased || ticks === 0 || tokens <= this.#room) return ticks;
    const ahead = this.copy();
    while (ahead.#leased && tokens > ahead.#room) {
      // Until the next lease ends there is no room for so many, however many ticks come.
      const endAtMs = ahead.#leased.nextEndAtMs;
      ahead.advanceToTick(ahead.#lastTickBefore(endAtMs));
      ahead.#endLeases(endAtMs);
    }
    return ahead.#tick - this.#tick + ahead.ticksUntil(tokens);
  }

  /**
   * When `tokens` (at most the capacity) are there if nobody takes any: the instant of a future tick,
   * or of the last tick that the clock has reached if they are there now.
   */
  timeOf(tokens: number): number {
    const ticks = this.ticksUntil(tokens);
    return ticks === 0 ? this.reachedAtMs : this.timeOfTick(this.#tick + ticks);
  }

  /**
   * The time from `nowMs` to `timeOf`, in milliseconds; at most `MAX_REPORTED_MS`. Not the difference
   * of the two: an instant may be too late to report while the time until then isn't too long.
   */
  msUntil(tokens: number, nowMs: number): number {
    const ticks = this.ticksUntil(tokens);
    if (ticks === 0) return this.reachedAtMs - nowMs;
    const toNextTickMs = this.timeOfTick(this.#tick + 1) - nowMs;
    return Math.min(MAX_REPORTED_MS, toNextTickMs + (ticks - 1) * this.#policy.refillIntervalMs);
  }

  /** Moves on to the first tick that has `tokens` (at most the capacity) and takes them there. */
  takeAtEarliestTick(tokens: number): void {
    this.advanceToTick(this.#tick + this.ticksUntil(tokens));
    this.#tokens -= tokens;
  }

  /**
   * The same as calling `takeAtEarliestTick` for several takes that sum up to `tokens`. Only valid if
   * each of them `neverOverflows`.
   */
  takeRunAtEarliestTicks(tokens: number): void {
    const ticks = this.ticksUntil(tokens);
    if (ticks > 0) this.#pausedUntilMs = undefined;
    this.#tick += ticks;
    this.#tokens += ticks * this.#policy.refillTokens - tokens;
  }

  /**
   * Whether a waiter for `tokens` is always served before a tick can overflow, with nothing on lease.
   * The tick that serves it brings it to at most `tokens + refillTokens - 1`, which must fit.
   */
  neverOverflows(tokens: number): boolean {
    return tokens + this.#policy.refillTokens - 1 <= this.#policy.capacity;
  }

  /**
   * Keeps at most `tokens`, and lets ticks up to and including `untilMs` add nothing. Doesn't shorten a
   * pause that is in force. Returns whether anything changed; an `untilMs` that isn't after `nowMs`
   * changes nothing.
   */
  pause(untilMs: number, tokens: number, nowMs: number): boolean {
    this.advance(nowMs);
    const isLonger = untilMs > nowMs && untilMs > (this.#pausedUntilMs ?? -Infinity);
    const isLower = untilMs > nowMs && tokens < this.#tokens;
    if (isLonger) this.#holdTicks(untilMs);
    if (isLower) this.#tokens = tokens;
    return isLonger || isLower;
  }

  /**
   * Ends a pause at `nowMs`: what it took away stays lost, and ticks after `nowMs` add tokens again.
   * Returns whether there was a pause.
   */
  resume(nowMs: number): boolean {
    this.advance(nowMs);
    if (this.#pausedUntilMs === undefined) return false;
    this.#tick = this.#reachedTick;
    this.#pausedUntilMs = undefined;
    return true;
  }

  /**
   * Switches to another policy. Keeps `min(tokens, capacity)`, what is on lease (which takes its room
   * first), a pause, and the grid's origin. Ticks up to `nowMs` count as added, those of the old grid
   * under the old policy, so the change itself adds nothing, however often it is repeated.
   */
  setPolicy(policy: Policy, nowMs: number): void {
    this.advance(nowMs);
    const reachedAtMs = Math.max(nowMs, this.reachedAtMs);
    const isSameGrid = policy.refillIntervalMs === this.#policy.refillIntervalMs;
    this.#policy = policy;
    if (!isSameGrid) {
      const pausedUntilMs = this.#pausedUntilMs;
      this.#pausedUntilMs = undefined;
      this.#tick = this.#tickAt(reachedAtMs);
      if (pausedUntilMs !== undefined) this.#holdTicks(pausedUntilMs);
    }
    this.#tokens = Math.min(this.#tokens, Math.max(0, policy.capacity - this.leasedTokens));
    invariants?.bucket(this.#tokens, policy.capacity);
  }

  /** A second bucket in the same state, for looking ahead. */
  copy(): TokenBucket {
    return new TokenBucket(this.#policy, this.toJSON());
  }

  /** The state, for `TokenBucket.from`. */
  toJSON(): TokenBucketState {
    const counts = { startedAtMs: this.#startedAtMs, tick: this.#tick, tokens: this.#tokens };
    const state = this.#leased ? { ...counts, leased: this.#leased.toJSON() } : counts;
    if (this.#pausedUntilMs === undefined) return state;
    return { ...state, tick: this.#reachedTick, pausedUntilMs: this.#pausedUntilMs };
  }

  /** How far ticks fill the bucket; below 0 if more is on lease than the capacity holds. */
  get #room(): number {
    return this.#policy.capacity - this.leasedTokens;
  }

  #fillTo(tick: number): void {
    // The sum may be rounded if it exceeds 2^53, but then it is far above the capacity.
    const sum = this.#tokens + (tick - this.#tick) * this.#policy.refillTokens;
    const filled = Math.min(this.#room, sum);
    this.#tick = tick;
    this.#tokens = Math.max(this.#tokens, filled);
    invariants?.bucket(this.#tokens, this.#policy.capacity);
  }

  /** Fills up to the end of each lease in turn, and finally to `tick`. */
  #fillAcrossEnds(tick: number): void {
    while (this.#leased && this.#leased.nextEndAtMs <= this.timeOfTick(tick)) {
      const endAtMs = this.#leased.nextEndAtMs;
      const lastTick = this.#lastTickBefore(endAtMs);
      if (lastTick > this.#tick) this.#fillTo(lastTick);
      this.#endLeases(endAtMs);
    }
    this.#fillTo(tick);
  }

  #tickAt(atMs: number): number {
    return Math.floor((atMs - this.#startedAtMs) / this.#policy.refillIntervalMs);
  }

  /** Counts the ticks up to and including `untilMs` as added. */
  #holdTicks(untilMs: number): void {
    if (this.#pausedUntilMs === undefined) this.#reachedTick = this.#tick;
    this.#pausedUntilMs = untilMs;
    this.#tick = Math.max(this.#tick, this.#tickAt(untilMs));
  }

  #lastTickBefore(atMs: number): number {
    return Math.ceil((atMs - this.#startedAtMs) / this.#policy.refillIntervalMs) - 1;
  }

  /** Ends the leases whose time is up at `nowMs`. */
  #endLeases(nowMs: number): void {
    this.#leased?.endBy(nowMs);
    if (this.#leased?.tokens === 0) this.#leased = undefined;
  }
}

function isPossibleSum({ untilMs, tokens }: LeasedSum): boolean {
  return Number.isSafeInteger(untilMs) && Number.isSafeInteger(tokens) && tokens > 0;
}
