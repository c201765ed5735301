/** The state of a token bucket as it is written, and whether a bucket can be in it. */
import type { BucketFields, BucketForm } from "./bucket-form.ts";
import type { LentSum } from "./lent-tokens.ts";
import type { LimitState } from "./limit.ts";

import { LentTokens } from "./lent-tokens.ts";

/** The state of a bucket of any form: two counts, an epoch instant in milliseconds, and what is out. */
export interface BucketState extends LimitState {
  readonly startedAtMs: number;
  /** Number of the last tick added. */
  readonly tick: number;
  /** Below 0 if tokens of future ticks are out or owed. */
  readonly tokens: number;
  /** What is out, leases or not: its name since format 2. Absent if nothing is. */
  readonly leased?: readonly LentSum[];
  /**
   * Ticks up to and including this instant add nothing, epoch milliseconds. Absent if the bucket isn't
   * paused.
   */
  readonly pausedUntilMs?: number;
  /** What the pause has put aside until its end. Absent if that is nothing. */
  readonly pausedTokens?: number;
  /** When the last tick fell, epoch milliseconds. Absent if the fields and the start say so. */
  readonly reachedAtMs?: number;
}

/** The state of a token bucket. */
export interface TokenBucketState extends BucketState {
  readonly kind: "bucket";
}

/** Whether a state says that it is one of a token bucket; whether it is possible, is not looked at. */
export function isTokenBucketState(state: LimitState): state is TokenBucketState {
  return state.kind === "bucket";
}

export function isStateOf<Fields extends BucketFields>(
  form: BucketForm<Fields>,
  state: LimitState,
): state is BucketState {
  return state.kind === form.name;
}

export function isPossible<Fields extends BucketFields>(
  form: BucketForm<Fields>,
  fields: Fields,
  state: BucketState,
): boolean {
  const { startedAtMs, tick, tokens, leased = [], reachedAtMs } = state;
  const { pausedUntilMs = 0, pausedTokens = 0 } = state;
  const heldTokens = new LentTokens(leased).tokens;
  return (
    Number.isSafeInteger(startedAtMs) &&
    Number.isSafeInteger(tick) &&
    Number.isSafeInteger(tokens) &&
    Number.isSafeInteger(pausedUntilMs) &&
    (form.isMovable ? isInstantFrom(startedAtMs, reachedAtMs) : tick >= 0) &&
    tokens + pausedTokens <= Math.max(0, fields.capacity - heldTokens) &&
    Number.isSafeInteger(pausedTokens) &&
    pausedTokens >= 0 &&
    (pausedTokens === 0 || (form.isKeptInPause && state.pausedUntilMs !== undefined)) &&
    leased.every(isPossibleSum)
  );
}

function isInstantFrom(startedAtMs: number, atMs: number | undefined): boolean {
  return Number.isSafeInteger(atMs) && (atMs ?? -Infinity) >= startedAtMs;
}

function isPossibleSum({ untilMs, tokens }: LentSum): boolean {
  return Number.isSafeInteger(untilMs) && Number.isSafeInteger(tokens) && tokens > 0;
}
