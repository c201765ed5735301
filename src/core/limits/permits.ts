/**
 * Permits: how many grants run at a time. Each grant takes one, whatever tokens it takes, and gives it back when it
 * is released, or when its time is up.
 *
 * When one comes back is up to its holder, so the forecast is an estimate: it assumes that each permit comes back
 * after as long as permits were held lately. `msUntil` itself says when it comes back if no holder does anything.
 *
 * A permit of a session is *bound*: it has no end of its own, and comes back when its holder or the session's end
 * says so (see holds/holds.ts).
 *
 * **Never more than `max` at an instant.** A permit is on the disk before its holder hears of it, and the time of
 * a limit never runs back (`reachedAtMs`), so one whose time was up stays lost.
 */
import type { Limit, LimitFields, LimitKind, LimitSpec, LimitState } from "./limit.ts";

import { limitSpec } from "./limit.ts";
import { LentTokens } from "./lent-tokens.ts";

/** The name of the limit. No policy can ask for a limit of that name. */
export const PERMITS_LIMIT = "#permits";

/** What a policy says of permits; `capacity` is its `max`. */
export interface PermitFields extends LimitFields {
  /** How long a permit lasts unless it is extended, in milliseconds. */
  readonly ttlMs: number;
}

interface PermitsState extends LimitState {
  readonly kind: "permits";
  readonly startedAtMs: number;
  readonly reachedAtMs: number;
}

/** The weight of one permit in the average of how long they are held. */
const AVERAGED_SHARE = 0.125;

/** The permits of one bucket. */
export class Permits implements Limit {
  readonly startedAtMs: number;
  readonly lent = undefined;
  readonly pausedUntilMs = undefined;
  readonly pausedTokens = 0;
  readonly closedForm = undefined;
  #max: number;
  #ttlMs: number;
  #reachedAtMs: number;
  /** When the permits that are out end. */
  readonly #ends: LentTokens;
  /** Permits that are bound, by when they would have ended by themselves. */
  readonly #bound: LentTokens;
  /** How long permits are held, on average, in milliseconds; `undefined` before the first has come back. */
  #averageMs: number | undefined;

  private constructor(
    { capacity, ttlMs }: PermitFields,
    { startedAtMs, reachedAtMs }: Omit<PermitsState, "kind">,
    ends = new LentTokens(),
    bound = new LentTokens(),
    averageMs?: number,
  ) {
    this.#max = capacity;
    this.#ttlMs = ttlMs;
    this.startedAtMs = startedAtMs;
    this.#reachedAtMs = reachedAtMs;
    this.#ends = ends;
    this.#bound = bound;
    this.#averageMs = averageMs;
  }

  /** All permits free, as of now. */
  static start(fields: PermitFields, nowMs: number): Permits {
    return new Permits(fields, { startedAtMs: nowMs, reachedAtMs: nowMs });
  }

  /**
   * What `toJSON` described, with all permits free: those that are out are restored one by one, by `lend`.
   *
   * @throws {RangeError} If it is the state of another kind, or its instants aren't integers.
   */
  static from(fields: PermitFields, state: LimitState): Permits {
    if (!isPermitsState(state)) {
      throw new RangeError(`Cannot restore permits from ${JSON.stringify(state)}`);
    }
    return new Permits(fields, state);
  }

  get capacity(): number {
    return this.#max;
  }

  /** Permits that are free. Below 0 after the policy allows fewer than are out. */
  get tokens(): number {
    return this.#max - this.missing;
  }

  get missing(): number {
    return this.#ends.tokens + this.#bound.tokens;
  }

  get reachedAtMs(): number {
    return this.#reachedAtMs;
  }

  /** `Infinity` if none ends by itself. */
  get nextGainAtMs(): number {
    return this.#ends.nextEndAtMs;
  }

  /** When a permit that is taken now ends, epoch milliseconds. */
  get endAtMs(): number {
    return this.#reachedAtMs + this.#ttlMs;
  }

  advance(nowMs: number): void {
    if (nowMs <= this.#reachedAtMs) return;
    this.#reachedAtMs = nowMs;
    this.#ends.endBy(nowMs);
  }

  msUntil(tokens: number, fromMs: number): number {
    const missing = tokens - this.tokens;
    const atMs = missing > 0 ? this.#ends.endAtMsOf(missing) : this.#reachedAtMs;
    return atMs - fromMs;
  }

  take(tokens: number): void {
    if (tokens > 0) this.#ends.add(tokens, this.endAtMs);
  }

  lend(tokens: number, untilMs: number): void {
    this.#ends.add(tokens, untilMs);
  }

  /** A permit that is out until `untilMs` is bound: from now on, it has no end. */
  bind(untilMs: number): void {
    this.#bound.add(this.#ends.remove(1, untilMs), untilMs);
  }

  /** A permit that was bound comes back; `untilMs` is when it would have ended by itself. */
  endBound(untilMs: number): void {
    this.#bound.remove(1, untilMs);
  }

  /** Permits come back whatever their holders have done with them. */
  endLoan(untilMs: number, spent: number, returned: number): void {
    this.#ends.remove(spent + returned, untilMs);
  }

  /** A permit comes back by itself: see `settle`. */
  giveBack(): number {
    return 0;
  }

  /** A permit has come back `heldMs` after it was granted, before its time was up. */
  noteHeld(heldMs: number): void {
    const averageMs = this.#averageMs ?? heldMs;
    this.#averageMs = averageMs + (heldMs - averageMs) * AVERAGED_SHARE;
  }

  /** A pause stops what comes in by time. */
  pause(): boolean {
    return false;
  }

  resume(): boolean {
    return false;
  }

  /** Permits that are out keep their ends. */
  reconfigure({ capacity, ttlMs }: PermitFields, nowMs: number): void {
    this.advance(nowMs);
    this.#max = capacity;
    this.#ttlMs = ttlMs;
  }

  copy(): Permits {
    const fields = { capacity: this.#max, ttlMs: this.#ttlMs };
    return new Permits(fields, this, this.#ends.copy(), this.#bound.copy(), this.#averageMs);
  }

  /**
   * A copy in which permits, those that are out too, last as long as they were held on average. One that is bound and
   * has lasted longer is expected to last as long again.
   */
  estimate(): Permits {
    const averageMs = Math.min(this.#ttlMs, Math.ceil(this.#averageMs ?? this.#ttlMs));
    const earlierMs = this.#ttlMs - averageMs;
    const ends = new LentTokens();
    for (const { tokens, untilMs } of this.#ends.toJSON()) {
      ends.add(tokens, Math.max(this.#reachedAtMs + 1, untilMs - earlierMs));
    }
    for (const { tokens, untilMs } of this.#bound.toJSON()) {
      const isOverdue = untilMs - earlierMs <= this.#reachedAtMs;
      ends.add(tokens, isOverdue ? this.#reachedAtMs + averageMs : untilMs - earlierMs);
    }
    const fields = { capacity: this.#max, ttlMs: averageMs };
    return new Permits(fields, this, ends, undefined, this.#averageMs);
  }

  toJSON(): PermitsState {
    const { startedAtMs, reachedAtMs } = this;
    return { kind: "permits", startedAtMs, reachedAtMs };
  }
}

/** The kind `permits`: what is taken comes back. */
export const permits: LimitKind<PermitFields> = {
  name: "permits",
  fields: {},
  forecast: "estimate",
  atLoanEnd: "returned",
  start: (fields, nowMs) => Permits.start(fields, nowMs),
  restore: (fields, state) => Permits.from(fields, state),
  /** A batch of an instance that is gone would come back while its callers have it. */
  maxBatch: () => 0,
  batchFrom: "tokens",
  windowMs: ({ ttlMs }) => ttlMs,
  /** One that is released is granted again at once, so there is no bound. */
  maxGranted: () => Infinity,
};

/** What limits the callers of a bucket: its policy's limits and, behind them, permits if it has any. */
export function limitsOf({
  limits,
  concurrency,
}: {
  readonly limits: readonly LimitSpec[];
  readonly concurrency?: { readonly max: number; readonly ttlMs: number } | undefined;
}): readonly LimitSpec[] {
  if (!concurrency) return limits;
  const { max: capacity, ttlMs } = concurrency;
  return [...limits, limitSpec(PERMITS_LIMIT, permits, { capacity, ttlMs })];
}

function isPermitsState(state: LimitState): state is PermitsState {
  if (state.kind !== "permits" || !("startedAtMs" in state) || !("reachedAtMs" in state))
    return false;
  return Number.isSafeInteger(state.startedAtMs) && Number.isSafeInteger(state.reachedAtMs);
}
