/**
 * The bucket: whole tokens on a fixed grid of ticks, and nothing else. It knows no queue.
 *
 * Tick `k` falls at `startedAtMs + k × refillIntervalMs` and adds `refillTokens`, up to `capacity`.
 * Tick 0 is the start itself and is contained in `initialTokens`. The state is three integers: the
 * start, the last tick that was added, and the tokens. Time only ever turns into a tick's number by
 * one integer division from the start, so nothing drifts however late or seldom the bucket looks at
 * the clock, and a hundred ticks caught up at once leave what a hundred single ones would have left.
 *
 * This is the form of the token bucket filter that has no daemon and only moves timestamps: between
 * two touches the bucket is this record, and `advance` works out what a daemon would have done in
 * the meantime. The daemons of this project (an alarm, a timer) exist for one thing only: somebody
 * waits, and has to be woken.
 *
 * Why it never gives too much: whatever `advance` finds is cut to `capacity` before any of it can be
 * taken. In a window of length T the first touch therefore finds at most `capacity` tokens, and at
 * most `floor(T / refillIntervalMs) + 1` grid points follow it. A daemon that comes late loses what
 * flows over; it does not make up for it with a burst.
 *
 * Tokens on lease have left the bucket and may be spent elsewhere at any time until their lease ends.
 * They go on to occupy it: ticks fill it no further than `capacity - leased`. So at the beginning of
 * any window what is here and what is out come to `capacity` at most, and the bound above holds for
 * both together. A tick adds to what is below that mark and never lowers what is above it (a capacity
 * that was cut may leave more out than it can hold).
 *
 * A pause takes tokens away and lets the ticks of a while bring nothing. It is kept as ticks that count
 * as added: the number of the last tick runs ahead of the clock, to the last one of the pause. So all that
 * goes by ticks (the next one, a look ahead, leases that end) knows of the pause and need not ask, and
 * afterwards the bucket goes on where its grid is by then, one tick at a time. Which tick the clock has
 * reached is kept beside it: what happens meanwhile has its instant, and where the pause is lifted, the
 * ticks go on from there and none is added twice. What is returned from a lease meanwhile is gone. So a
 * paused bucket never holds more than it would without the pause, and the bound above needs no more words.
 */
import type { LeasedSum } from "./leased-tokens.ts";
import type { Policy } from "../policy.ts";

import { LeasedTokens } from "./leased-tokens.ts";
import { invariants } from "../invariants.ts";
import { policyRanges } from "../policy.ts";

/**
 * The latest instant that is told, epoch milliseconds, and the longest duration: 285,000 years. JSON's readers
 * have no integers beyond it. What lies further ahead, as a billion tokens do that come at one a day, is
 * told as that; all that is less is exact.
 */
const MAX_REPORTED_MS = Number.MAX_SAFE_INTEGER;

/** The bucket's state: two counts, an epoch instant in milliseconds, and what is out on lease. */
export interface TokenBucketState {
  readonly startedAtMs: number;
  /** Number of the last tick that has been added. */
  readonly tick: number;
  /** Below 0 where tokens of ticks to come are on lease. */
  readonly tokens: number;
  /** Left out where nothing is. */
  readonly leased?: readonly LeasedSum[];
  /** Ticks up to and including this instant bring nothing. Left out where the bucket is not paused. */
  readonly pausedUntilMs?: number;
}

/**
 * A token bucket whose time is handed in.
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
  /** Runs ahead of the clock while the bucket is paused. */
  #tick: number;
  #tokens: number;
  /** None where nothing is out, as nearly always: all is plain arithmetic then. */
  #leased: LeasedTokens | undefined;
  /** None where the bucket is not paused, as nearly always. */
  #pausedUntilMs: number | undefined = undefined;
  /** The last tick that the clock has reached; kept only in a pause. */
  #reachedTick = 0;

  private constructor(policy: Policy, state: TokenBucketState) {
    this.#policy = policy;
    this.#startedAtMs = state.startedAtMs;
    this.#tick = state.tick;
    this.#tokens = state.tokens;
    this.#leased = state.leased && new LeasedTokens(state.leased);
    if (state.pausedUntilMs !== undefined) this.#holdTicks(state.pausedUntilMs);
  }

  /** A bucket that starts now: the grid's origin is `nowMs`, and it holds `policy.initialTokens`. */
  static start(policy: Policy, nowMs: number): TokenBucket {
    return new TokenBucket(policy, { startedAtMs: nowMs, tick: 0, tokens: policy.initialTokens });
  }

  /**
   * The bucket that `toJSON` described.
   *
   * @throws {RangeError} Where the state cannot be one of this policy: no integers, a tick below 0,
   * tokens over what the capacity and the leases leave room for, or further below 0 than any capacity.
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
      tokens >= -policyRanges.capacity.max &&
      tokens <= Math.max(0, policy.capacity - leasedTokens) &&
      leased.every(isPossibleSum);
    if (!isPossible) {
      throw new RangeError(
        `Cannot restore a bucket from ${JSON.stringify(state)}: capacity is ${policy.capacity}`,
      );
    }
    return new TokenBucket(policy, state);
  }

  /** Tokens at hand, as of the last `advance`; below 0 while some that are on lease are to come in. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Tokens on lease, as of the last `advance`. */
  get leasedTokens(): number {
    return this.#leased?.tokens ?? 0;
  }

  /** Identifies this bucket among those that came before and after under the same name. */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  /** Number of the last tick that was added; in a pause, of its last. */
  get tick(): number {
    return this.#tick;
  }

  /** Until when the bucket is paused, as of the last `advance`; `undefined` where it is not. */
  get pausedUntilMs(): number | undefined {
    return this.#pausedUntilMs;
  }

  /** The instant of the last tick that the clock has reached, epoch milliseconds. */
  get reachedAtMs(): number {
    return this.timeOfTick(this.#pausedUntilMs === undefined ? this.#tick : this.#reachedTick);
  }

  /** The instant of tick `tick` on the grid, in epoch milliseconds; at most `MAX_REPORTED_MS`. */
  timeOfTick(tick: number): number {
    // What rounds is more than that already.
    return Math.min(MAX_REPORTED_MS, this.#startedAtMs + tick * this.#policy.refillIntervalMs);
  }

  /** Adds every tick up to and including `nowMs`. An instant before the last tick changes nothing. */
  advance(nowMs: number): void {
    const tick = this.#tickAt(nowMs);
    this.advanceToTick(tick);
    if (this.#leased) this.#endLeases(nowMs);
    if (this.#pausedUntilMs === undefined) return;
    if (nowMs >= this.#pausedUntilMs) this.#pausedUntilMs = undefined;
    else this.#reachedTick = Math.max(this.#reachedTick, tick);
  }

  /** Adds every tick up to and including `tick`. One that has been added before changes nothing. */
  advanceToTick(tick: number): void {
    if (tick <= this.#tick) return;
    this.#pausedUntilMs = undefined;
    if (this.#leased) this.#fillAcrossEnds(tick);
    else this.#fillTo(tick);
  }

  /** Takes `tokens` if they are there; takes nothing and answers `false` if not. */
  tryTake(tokens: number): boolean {
    if (tokens > this.#tokens) return false;
    this.#tokens -= tokens;
    return true;
  }

  /**
   * Lends `tokens` until `untilMs`, epoch milliseconds, whether they are there or not; the next ticks
   * make up for what is missing.
   */
  lend(tokens: number, untilMs: number): void {
    this.#tokens -= tokens;
    (this.#leased ??= new LeasedTokens()).add(tokens, untilMs);
  }

  /**
   * Settles a lease, or a part of it, that ends at `untilMs`: `used` are spent, `returned` come back, as
   * far as there is room: where the capacity was cut, more may be out than it holds. Counts for no more
   * than is out until then, so for nothing once it has ended. What comes back in a pause is gone.
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

  /** Ticks until `tokens` (at most the capacity) are there, if nobody takes any: 0 if they are now. */
  ticksUntil(tokens: number): number {
    const ticks = Math.max(0, Math.ceil((tokens - this.#tokens) / this.#policy.refillTokens));
    if (!this.#leased || ticks === 0 || tokens <= this.#room) return ticks;
    const ahead = this.copy();
    while (ahead.#leased && tokens > ahead.#room) {
      // However many ticks come until then, there is no room for so many.
      const endAtMs = ahead.#leased.nextEndAtMs;
      ahead.advanceToTick(ahead.#lastTickBefore(endAtMs));
      ahead.#endLeases(endAtMs);
    }
    return ahead.#tick - this.#tick + ahead.ticksUntil(tokens);
  }

  /**
   * When `tokens` (at most the capacity) are there, if nobody takes any: the instant of a tick to come, or
   * of the last one that the clock has reached where they are there now.
   */
  timeOf(tokens: number): number {
    const ticks = this.ticksUntil(tokens);
    return ticks === 0 ? this.reachedAtMs : this.timeOfTick(this.#tick + ticks);
  }

  /**
   * How long after `nowMs` `timeOf` is, in milliseconds; at most `MAX_REPORTED_MS`. Not the difference of the
   * two: where the instant is too late to be told, the time until then may not be.
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
   * `takeAtEarliestTick` for each of a run of takes that come to `tokens` in all, at once. Right only
   * where each of them, for itself, `neverOverflows`.
   */
  takeRunAtEarliestTicks(tokens: number): void {
    const ticks = this.ticksUntil(tokens);
    if (ticks > 0) this.#pausedUntilMs = undefined;
    this.#tick += ticks;
    this.#tokens += ticks * this.#policy.refillTokens - tokens;
  }

  /**
   * Whether a caller that waits for `tokens` is served before a tick can flow over, with nothing out on
   * lease. The tick that serves it brings at most `tokens + refillTokens - 1`, and that has to fit.
   */
  neverOverflows(tokens: number): boolean {
    return tokens + this.#policy.refillTokens - 1 <= this.#policy.capacity;
  }

  /**
   * Keeps at most `tokens`, and lets the ticks up to and including `untilMs` bring nothing. A pause that
   * is in force is not shortened. Answers whether anything has changed; an instant that is not after
   * `nowMs` changes nothing.
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
   * Ends a pause at `nowMs`: what it has taken away is gone, the ticks after `nowMs` bring tokens again.
   * Answers whether there was one.
   */
  resume(nowMs: number): boolean {
    this.advance(nowMs);
    if (this.#pausedUntilMs === undefined) return false;
    this.#tick = this.#reachedTick;
    this.#pausedUntilMs = undefined;
    return true;
  }

  /**
   * Goes on under another policy: keeps `min(tokens, capacity)`, what is out on lease, which takes its
   * room first, a pause, and the grid's origin. The ticks up to `nowMs` count as added, those of the old
   * grid by the old policy; so the change itself adds nothing, however often it is repeated.
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

  /** A second bucket in the same state, to look ahead with. */
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

  /** How far ticks fill the bucket; below 0 where more is out than the capacity holds. */
  get #room(): number {
    return this.#policy.capacity - this.leasedTokens;
  }

  #fillTo(tick: number): void {
    // The sum may round where it exceeds 2^53, but then it is far over the capacity.
    const sum = this.#tokens + (tick - this.#tick) * this.#policy.refillTokens;
    const filled = Math.min(this.#room, sum);
    this.#tick = tick;
    this.#tokens = Math.max(this.#tokens, filled);
    invariants?.bucket(this.#tokens, this.#policy.capacity);
  }

  /** Fills up to the end of each lease in turn, and so on to `tick`. */
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
