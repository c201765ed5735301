/**
 * What becomes of a limit on the disk, computed from the record alone: as contract rules 1 and 8, part C and
 * the heads of token-bucket.ts and calendar.ts promise it, without any of their code.
 */
import type { CompleteLimitFields } from "../../src/core/limits/kinds.ts";
import type { LimitState } from "../../src/core/limits/limit.ts";
import type { BucketState } from "../../src/core/limits/bucket-state.ts";
import type { CompletePolicyFields } from "../../src/core/policy.ts";
import type { LimiterView, LimitView } from "../../src/core/limiter-state.ts";
import type { BucketRecord } from "../../src/bucket/platform.ts";
import type { ZoneTables } from "./zone-tables.ts";

import { Ticks } from "./ticks.ts";

/** The name of a policy's first limit. */
export const FIRST = "rate";

/** One limit of a policy. */
export interface NamedLimit {
  readonly name: string;
  readonly fields: CompleteLimitFields;
}

/** What the disk has of a limit. */
export type RecordedState = Omit<BucketState, "kind">;

/** One limit of a bucket that has started. */
export interface RecordedLimit extends NamedLimit {
  readonly state: RecordedState;
}

/** What a limit holds, and what it has lent. */
export interface Holding {
  /** May be below 0. */
  readonly tokens: number;
  /** What a pause has put aside, which a calendar's does. */
  readonly pausedTokens: number;
  readonly leasedTokens: number;
}

/** The limits of a policy: the first, and the others in their order. */
export function limitsOf(policy: CompletePolicyFields): readonly NamedLimit[] {
  const { limits = {}, ...first } = policy;
  const others = Object.entries(limits).map(([name, fields]) => ({ name, fields }));
  return [{ name: FIRST, fields: first }, ...others];
}

/** The limits of a bucket as written; none if it hasn't started. */
export function recordedLimits({ policy, limiter }: BucketRecord): readonly RecordedLimit[] {
  const states: readonly RecordedState[] = limiter.bucket
    ? [limiter.bucket]
    : (limiter.limits?.filter(isBucketState) ?? []);
  return limitsOf(policy).flatMap((limit, index) => {
    const state = states[index];
    const { name, fields } = limit;
    return state ? { name, fields, state } : [];
  });
}

/** Both kinds keep the same. */
function isBucketState(state: LimitState): state is BucketState {
  return "tokens" in state && "tick" in state;
}

/** Whether a bucket as written has started. */
export function isStarted({ limiter }: BucketRecord): boolean {
  return limiter.bucket !== undefined || limiter.limits !== undefined;
}

/** What a view shows of the limit called `name`. */
export function limitView(view: LimiterView, name: string): LimitView | undefined {
  return name === FIRST ? view : view.limits?.[name];
}

/**
 * The last instant that any of the limits of a bucket as written has reached. Time stands still there as
 * long as a clock that was set back is behind it.
 */
export function reachedAtMs(limits: readonly RecordedLimit[], zones: ZoneTables): number {
  const reached = limits.map(({ fields, state }) => {
    return state.reachedAtMs ?? new Ticks(fields, state.startedAtMs, zones).timeOf(state.tick);
  });
  return Math.max(...reached);
}

/** What a limit restored from a record comes to at `atMs` if nobody takes anything. */
export function holdingAt(limit: RecordedLimit, zones: ZoneTables, atMs: number): Holding {
  const { fields, state } = limit;
  const { capacity } = fields;
  const ticks = new Ticks(fields, state.startedAtMs, zones);
  const { pausedUntilMs = -Infinity, pausedTokens = 0, reachedAtMs } = state;
  const isKept = fields.every !== undefined;
  const lastHeldTick = isKept || pausedUntilMs === -Infinity ? -Infinity : ticks.at(pausedUntilMs);
  let { tick } = state;
  let tokens = state.tokens + pausedTokens;
  // What has begun by the instant that the limit stood at is over, even if the table says so only now.
  if (reachedAtMs !== undefined) tick = Math.max(tick, ticks.at(reachedAtMs));
  let leasedTokens = leasedIn(state);
  const fillTo = (lastTick: number): void => {
    if (lastTick <= tick) return;
    const brought = ticks.tokensBetween(Math.max(tick, lastHeldTick), lastTick);
    const filled = Math.min(capacity - leasedTokens, tokens + brought);
    tokens = Math.max(tokens, filled);
    tick = lastTick;
  };
  const ends = (state.leased ?? []).toSorted((one, other) => one.untilMs - other.untilMs);
  for (const { untilMs, tokens: ended } of ends) {
    if (untilMs > atMs) break;
    // A tick at the exact end of a lease finds its room free.
    fillTo(ticks.at(untilMs - 1));
    leasedTokens -= ended;
  }
  fillTo(ticks.at(atMs));
  // A calendar's pause leaves what it did, whatever comes in.
  const left = isKept && atMs < pausedUntilMs ? state.tokens : tokens;
  return { tokens: left, pausedTokens: tokens - left, leasedTokens };
}

/** Everything on lease in a limit as written. */
export function leasedIn({ leased = [] }: RecordedState): number {
  return leased.reduce((all, { tokens }) => all + tokens, 0);
}

/**
 * What a crash may lose of a limit: as promised, not as programmed. Of a token bucket a 40th of the capacity,
 * and what a second of ticks adds; of a calendar of 40,000 or more a 40th, of a smaller one nothing.
 */
export function maxBatch(fields: CompleteLimitFields): number {
  const { capacity } = fields;
  const share = Math.floor(capacity / 40);
  if (fields.every !== undefined) return capacity < 40_000 ? 0 : share;
  return Math.min(share, Math.floor((fields.refillTokens * 1_000) / fields.refillIntervalMs));
}
