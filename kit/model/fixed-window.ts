/**
 * A second kind of limit, for tests: a fixed window. It is full at the beginning of each window, and
 * nothing comes in before the next one begins.
 *
 * It is all that a kind takes: one file, and it passes the suite of laws (limit-laws.ts). No policy can
 * ask for it. docs/design/limits.md goes through it step by step.
 *
 * Window `k` begins at `startedAtMs + k × windowMs`. The state is three integers, as a token bucket's is:
 * the start, the window that the clock has reached, and the tokens.
 *
 * **It never gives too much.** In a time of length T, the first call finds at most `capacity` tokens, and
 * at most `ceil(T / windowMs)` windows begin after it, each with as many. What is out takes its room: a
 * window begins with no more than `capacity - held`.
 */
import type { FieldTable } from "../../src/core/fields.ts";
import type { LentSum } from "../../src/core/limits/lent-tokens.ts";
import type { Limit, LimitKind, LimitState } from "../../src/core/limits/limit.ts";

import { invariants } from "../../src/core/invariants.ts";
import { LentTokens } from "../../src/core/limits/lent-tokens.ts";

/** The numbers of a fixed window, complete. */
export interface FixedWindowFields {
  readonly capacity: number;
  readonly windowMs: number;
}

const fixedWindowFields = {
  capacity: { min: 1, max: 1_000_000_000 },
  windowMs: { min: 10, max: 86_400_000 },
} as const satisfies FieldTable<keyof FixedWindowFields>;

/** A write-ahead batch is at most the capacity divided by this. */
const BATCH_CAPACITY_SHARE = 40;

interface FixedWindowState extends LimitState {
  readonly kind: "window";
  readonly startedAtMs: number;
  /** Number of the last window that has begun. */
  readonly window: number;
  /** Below 0 if tokens of the next window are out. */
  readonly tokens: number;
  /** Absent if nothing is out. */
  readonly held?: readonly LentSum[];
  /** Absent if it isn't paused. */
  readonly pausedUntilMs?: number;
}

class FixedWindow implements Limit {
  readonly startedAtMs: number;
  /** None: what a window has left may be too little for the next waiter, so their order matters. */
  readonly closedForm = undefined;
  /** A pause takes away what it holds back. */
  readonly pausedTokens = 0;
  #fields: FixedWindowFields;
  #window: number;
  #tokens: number;
  readonly #lent: LentTokens;
  #pausedUntilMs: number | undefined;

  constructor(fields: FixedWindowFields, state: Omit<FixedWindowState, "kind">) {
    this.startedAtMs = state.startedAtMs;
    this.#fields = fields;
    this.#window = state.window;
    this.#tokens = state.tokens;
    this.#lent = new LentTokens(state.held);
    this.#pausedUntilMs = state.pausedUntilMs;
  }

  get capacity(): number {
    return this.#fields.capacity;
  }

  get tokens(): number {
    return this.#tokens;
  }

  get missing(): number {
    return this.#room - this.#tokens;
  }

  get lent(): LentTokens | undefined {
    return this.#lent.tokens > 0 ? this.#lent : undefined;
  }

  get pausedUntilMs(): number | undefined {
    return this.#pausedUntilMs;
  }

  get reachedAtMs(): number {
    return this.#beginningOf(this.#window);
  }

  get nextGainAtMs(): number {
    return this.#beginningOf(this.#nextWindow);
  }

  /** Only the last window that has begun counts: it had the most room, and found the limit as full. */
  advance(nowMs: number): void {
    const window = this.#windowAt(nowMs);
    if (window > this.#window) {
      this.#window = window;
      this.#fillAt(this.reachedAtMs);
    }
    this.#lent.endBy(nowMs);
    if (nowMs >= (this.#pausedUntilMs ?? Infinity)) this.#pausedUntilMs = undefined;
  }

  msUntil(tokens: number, fromMs: number): number {
    if (tokens <= this.#tokens) return this.reachedAtMs - fromMs;
    let room = this.#room;
    let roomAtMs = -Infinity;
    for (const sum of this.#lent.toJSON()) {
      if (room >= tokens) break;
      room += sum.tokens;
      roomAtMs = sum.untilMs;
    }
    const firstWithRoom = Math.ceil((roomAtMs - this.startedAtMs) / this.#fields.windowMs);
    return this.#beginningOf(Math.max(this.#nextWindow, firstWithRoom)) - fromMs;
  }

  take(tokens: number): void {
    this.#tokens -= tokens;
  }

  giveBack(tokens: number): number {
    if (this.#pausedUntilMs !== undefined) return 0;
    this.#tokens += tokens;
    return tokens;
  }

  lend(tokens: number, untilMs: number): void {
    this.#tokens -= tokens;
    this.#lent.add(tokens, untilMs);
  }

  endLoan(untilMs: number, spent: number, returned: number): void {
    this.#lent.remove(spent, untilMs);
    const back = this.#lent.remove(returned, untilMs);
    if (this.#pausedUntilMs !== undefined) return;
    this.#tokens = Math.max(this.#tokens, Math.min(this.#room, this.#tokens + back));
    invariants?.limit(this.#tokens, this.capacity);
  }

  pause(untilMs: number, tokens: number, nowMs: number): boolean {
    this.advance(nowMs);
    if (untilMs <= nowMs) return false;
    const isLonger = untilMs > (this.#pausedUntilMs ?? -Infinity);
    const isLower = tokens < this.#tokens;
    if (isLonger) this.#pausedUntilMs = untilMs;
    if (isLower) this.#tokens = tokens;
    return isLonger || isLower;
  }

  resume(nowMs: number): boolean {
    this.advance(nowMs);
    const wasPaused = this.#pausedUntilMs !== undefined;
    this.#pausedUntilMs = undefined;
    return wasPaused;
  }

  /** The windows are counted from the same start, and one that begins at this very instant has begun. */
  reconfigure(fields: FixedWindowFields, nowMs: number): void {
    this.advance(nowMs);
    const reachedAtMs = Math.max(nowMs, this.reachedAtMs);
    this.#fields = fields;
    this.#window = this.#windowAt(reachedAtMs);
    this.#tokens = Math.min(this.#tokens, Math.max(0, this.#room));
  }

  copy(): FixedWindow {
    return new FixedWindow(this.#fields, this.toJSON());
  }

  toJSON(): FixedWindowState {
    return {
      kind: "window",
      startedAtMs: this.startedAtMs,
      window: this.#window,
      tokens: this.#tokens,
      ...(this.lent && { held: this.#lent.toJSON() }),
      ...(this.#pausedUntilMs !== undefined && { pausedUntilMs: this.#pausedUntilMs }),
    };
  }

  /** How full a window begins; below 0 if more is out than the capacity holds. */
  get #room(): number {
    return this.#fields.capacity - this.#lent.tokens;
  }

  /** The first window that begins after now, and after a pause. */
  get #nextWindow(): number {
    return Math.max(this.#window, this.#windowAt(this.#pausedUntilMs ?? -Infinity)) + 1;
  }

  /** A loan that ends as the window begins has ended. */
  #fillAt(beginningAtMs: number): void {
    if (beginningAtMs <= (this.#pausedUntilMs ?? -Infinity)) return;
    this.#lent.endBy(beginningAtMs);
    this.#tokens = Math.max(this.#tokens, this.#room);
    invariants?.limit(this.#tokens, this.capacity);
  }

  #windowAt(atMs: number): number {
    return Math.floor((atMs - this.startedAtMs) / this.#fields.windowMs);
  }

  #beginningOf(window: number): number {
    return this.startedAtMs + window * this.#fields.windowMs;
  }
}

/** The kind `window`: full at the beginning of each window. */
export const fixedWindow: LimitKind<FixedWindowFields> = {
  name: "window",
  fields: fixedWindowFields,
  forecast: "exact",
  atLoanEnd: "spent",
  start: (fields, nowMs) =>
    new FixedWindow(fields, { startedAtMs: nowMs, window: 0, tokens: fields.capacity }),
  restore(fields, state) {
    if (isFixedWindowState(state) && isPossible(fields, state))
      return new FixedWindow(fields, state);
    const given = JSON.stringify(state);
    throw new RangeError(`Cannot restore a window from ${given}: capacity is ${fields.capacity}`);
  },
  windowMs: ({ windowMs }) => windowMs,
  maxBatch: ({ capacity }) => Math.floor(capacity / BATCH_CAPACITY_SHARE),
  batchFrom: "tokens",
  maxGranted: ({ capacity, windowMs }, ms) => capacity * (1 + Math.ceil(ms / windowMs)),
};

function isFixedWindowState(state: LimitState): state is FixedWindowState {
  return state.kind === "window";
}

function isPossible(
  { capacity }: FixedWindowFields,
  { startedAtMs, window, tokens, held = [], pausedUntilMs = 0 }: FixedWindowState,
): boolean {
  const sums = held.flatMap((sum) => [sum.untilMs, sum.tokens]);
  return (
    [startedAtMs, window, tokens, pausedUntilMs, ...sums].every(Number.isSafeInteger) &&
    window >= 0 &&
    held.every((sum) => sum.tokens > 0) &&
    tokens <= Math.max(0, capacity - new LentTokens(held).tokens)
  );
}
