/**
 * A queue that is played out from what a view shows: when each waiter has its tokens of each limit, and is
 * granted once it has all of them. It shares no code with `src/core`.
 */
import type { LimiterView } from "../../src/core/limiter-state.ts";
import type { CompletePolicyFields } from "../../src/core/policy.ts";
import type { BucketRecord } from "../../src/bucket/platform.ts";
import type { NamedLimit, RecordedLimit } from "./recorded-limit.ts";
import type { ZoneTables } from "./zone-tables.ts";

import { limitsOf, limitView, recordedLimits } from "./recorded-limit.ts";

/** What a caller asks for. */
export interface Asked {
  readonly tokens: number;
  readonly limits?: Readonly<Record<string, number>>;
}

/** When a waiter is granted. */
export interface PlayedGrant {
  readonly atMs: number;
  /** Once those in front are served: when it has its part of limits that don't have it yet, by name. */
  readonly missing: ReadonlyMap<string, number>;
}

/** What `asked` comes to of the limit called `name`. */
export function askedOf({ tokens, limits = {} }: Asked, name: string): number {
  return limits[name] ?? tokens;
}

/** A limit as a view shows it. */
interface SeenLimit {
  readonly tokens: number;
  readonly nextAtMs: number;
  readonly reachedAtMs: number;
  /** Until when a calendar is paused. */
  readonly pausedUntilMs: number;
  /** What it will have put aside by then. */
  readonly pausedTokens: number;
}

/** Where a limit will be once those in front are served. */
class PlayedLimit {
  readonly #limit: NamedLimit;
  readonly #zones: ZoneTables;
  #tokens: number;
  #pausedTokens: number;
  readonly #pausedUntilMs: number;
  #nextAtMs: number;
  #reachedAtMs: number;

  constructor(limit: NamedLimit, zones: ZoneTables, seen: SeenLimit) {
    this.#limit = limit;
    this.#zones = zones;
    this.#tokens = seen.tokens;
    this.#pausedTokens = seen.pausedTokens;
    this.#pausedUntilMs = seen.pausedUntilMs;
    this.#nextAtMs = seen.nextAtMs;
    this.#reachedAtMs = seen.reachedAtMs;
  }

  get name(): string {
    return this.#limit.name;
  }

  has(tokens: number): boolean {
    return tokens === 0 || tokens <= this.#tokens;
  }

  whenHas(tokens: number): number {
    const { every, capacity, refillTokens, refillIntervalMs } = this.#limit.fields;
    if (this.has(tokens)) return this.#reachedAtMs;
    if (tokens > capacity) return Infinity;
    if (every !== undefined) {
      const isAside = tokens <= this.#tokens + this.#pausedTokens;
      return isAside ? this.#pausedUntilMs : Math.max(this.#nextAtMs, this.#pausedUntilMs);
    }
    const ticks = Math.ceil((tokens - this.#tokens) / refillTokens);
    return this.#nextAtMs + (ticks - 1) * refillIntervalMs;
  }

  passTo(atMs: number): void {
    const { fields } = this.#limit;
    while (this.#nextAtMs <= atMs) {
      const ticks = fields.every === undefined ? this.#ticksTo(atMs, fields.refillIntervalMs) : 1;
      const brought = ticks * (fields.refillTokens ?? fields.capacity);
      const all = this.#tokens + this.#pausedTokens;
      this.#pausedTokens += Math.min(fields.capacity, all + brought) - all;
      if (this.#nextAtMs >= this.#pausedUntilMs) this.#endPause();
      this.#nextAtMs =
        fields.every === undefined
          ? this.#nextAtMs + ticks * fields.refillIntervalMs
          : this.#zones.boundariesOf(fields).after(this.#nextAtMs);
    }
    if (atMs >= this.#pausedUntilMs) this.#endPause();
    this.#reachedAtMs = atMs;
  }

  take(tokens: number): void {
    this.#tokens -= tokens;
  }

  #endPause(): void {
    this.#tokens += this.#pausedTokens;
    this.#pausedTokens = 0;
  }

  #ticksTo(atMs: number, intervalMs: number): number {
    return Math.floor((atMs - this.#nextAtMs) / intervalMs) + 1;
  }
}

/** What a queue is played out from besides a view. */
interface ViewedAt {
  readonly zones: ZoneTables;
  /** The instant of the view. */
  readonly nowMs: number;
  /** What is written, if anything is. */
  readonly record: BucketRecord | undefined;
}

/** The limits of a bucket, from a view of it on. */
export class PlayedQueue {
  readonly #limits: readonly PlayedLimit[];
  #atMs = -Infinity;

  constructor(policy: CompletePolicyFields, view: LimiterView, { zones, nowMs, record }: ViewedAt) {
    const written = record ? recordedLimits(record) : [];
    this.#limits = limitsOf(policy).flatMap((limit) => {
      const seen = limitView(view, limit.name);
      if (!seen) return [];
      const { tokens, nextTickAtMs, pausedUntilMs = -Infinity, pausedTokens = 0 } = seen;
      const reachedAtMs = Math.min(nowMs, lastTickBefore(limit, zones, nextTickAtMs));
      const shown = { tokens, nextAtMs: nextTickAtMs, reachedAtMs };
      if (limit.fields.every === undefined) {
        return new PlayedLimit(limit, zones, {
          ...shown,
          pausedUntilMs: -Infinity,
          pausedTokens: 0,
        });
      }
      // If the end of the pause brings tokens, the next boundary isn't shown.
      const isEnd = nextTickAtMs === pausedUntilMs;
      const tick = written.find(({ name }) => name === limit.name)?.state.tick ?? -Infinity;
      const boundaries = zones.boundariesOf(limit.fields);
      // By a new table, one that has brought tokens may be yet to come.
      const next = Math.max(tick, boundaries.numberAt(nowMs)) + 1;
      const nextAtMs = isEnd ? boundaries.timeOf(next) : nextTickAtMs;
      return new PlayedLimit(limit, zones, { ...shown, nextAtMs, pausedUntilMs, pausedTokens });
    });
  }

  /** The next waiter is granted. */
  serve(asked: Asked): PlayedGrant {
    const played = this.timesOf(asked);
    this.#atMs = played.atMs;
    for (const limit of this.#limits) {
      limit.passTo(this.#atMs);
      limit.take(askedOf(asked, limit.name));
    }
    return played;
  }

  /** When it would be. */
  timesOf(asked: Asked): PlayedGrant {
    const missing = new Map<string, number>();
    let atMs = this.#atMs;
    for (const limit of this.#limits) {
      const tokens = askedOf(asked, limit.name);
      const partAtMs = limit.whenHas(tokens);
      atMs = Math.max(atMs, partAtMs);
      if (!limit.has(tokens)) missing.set(limit.name, partAtMs);
    }
    return { atMs, missing };
  }
}

/** When the last tick before the next one fell. */
export function lastTickBefore(
  { fields, state }: NamedLimit & Partial<RecordedLimit>,
  zones: ZoneTables,
  nextTickAtMs: number,
): number {
  if (fields.every === undefined) return nextTickAtMs - fields.refillIntervalMs;
  const boundaries = zones.boundariesOf(fields);
  const last = boundaries.numberAt(nextTickAtMs - 1);
  // By a new table, a boundary that is over may be yet to come.
  if (state?.reachedAtMs !== undefined && last <= state.tick) return state.reachedAtMs;
  return boundaries.timeOf(last);
}
