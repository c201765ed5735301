/**
 * Grants under one policy, and the limits as they were when that policy began. They are legal if one bucket
 * on the same grid could have given all of them, limit by limit: see law 1.
 */
import type { RecordedLimit } from "./recorded-limit.ts";
import type { ZoneTables } from "./zone-tables.ts";

import { Ticks } from "./ticks.ts";

/** What was taken at an instant, by the name of the limit. */
export interface SpanGrant {
  readonly taken: Readonly<Record<string, number>>;
  readonly grantedAtMs: number;
}

export class Span {
  /** Whether the bucket itself began with it. */
  readonly isStart: boolean;
  readonly #limits: readonly RecordedLimit[];
  readonly #grants: SpanGrant[] = [];

  constructor(limits: readonly RecordedLimit[], isStart: boolean) {
    this.#limits = limits;
    this.isStart = isStart;
  }

  get limits(): readonly RecordedLimit[] {
    return this.#limits;
  }

  get grants(): readonly SpanGrant[] {
    return this.#grants;
  }

  granted(grant: SpanGrant): void {
    this.#grants.push(grant);
  }

  /**
   * What was granted beyond what there was; `undefined` if nothing was.
   *
   * @param tables All that any machine has known.
   */
  excess(tables: readonly ZoneTables[]): string | undefined {
    const inOrder = sorted(this.#grants);
    for (const limit of this.#limits) {
      const found = excessOf(limit, inOrder, tables);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/**
 * What was granted beyond what there was, in spans that are one for callers: the bucket was forgotten in between, and
 * began anew under the same policy. A token bucket begins a new grid, on which a tick may come later than on the old
 * one, and doesn't overflow where the old one would have. So no single bucket need have given all of it, but every
 * window must obey contract rule 8. A calendar keeps its boundaries, and one that is never forgotten gives it all.
 */
export function excessAcross(
  spans: readonly Span[],
  tables: readonly ZoneTables[],
): string | undefined {
  const [first] = spans;
  const inOrder = sorted(spans.flatMap(({ grants }) => grants));
  for (const limit of first?.limits ?? []) {
    const { name, fields } = limit;
    const began = spans.map(({ limits }) => limits.find((one) => one.name === name)?.state.tokens);
    const most = Math.max(fields.capacity, ...began.map((tokens = 0) => tokens));
    const found =
      fields.every === undefined
        ? excessOfWindows(limit, most, inOrder)
        : excessOf(limit, inOrder, tables);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** @param most Tokens that may have been there at one instant. */
function excessOfWindows(
  { name, fields }: RecordedLimit,
  most: number,
  inOrder: readonly SpanGrant[],
): string | undefined {
  const { refillTokens = 0, refillIntervalMs = Infinity } = fields;
  const grants = inOrder.filter(({ taken }) => Number(taken[name]) > 0);
  for (const [index, { grantedAtMs: fromMs }] of grants.entries()) {
    let tokens = 0;
    for (const { taken, grantedAtMs } of grants.slice(index)) {
      tokens += taken[name] ?? 0;
      const ticks = Math.floor((grantedAtMs - fromMs) / refillIntervalMs) + 1;
      const excess = tokens - most - ticks * refillTokens;
      if (excess > 0) return `${excess} of ${name} too many from ${fromMs} to ${grantedAtMs}`;
    }
  }
  return undefined;
}

function sorted(grants: readonly SpanGrant[]): readonly SpanGrant[] {
  return grants.toSorted((one, other) => one.grantedAtMs - other.grantedAtMs);
}

/**
 * If tables disagree about a boundary, its tokens come in when that is best for callers: an instance that has died
 * may have written that they were there. They come in once, whatever tables say. Each boundary is judged by
 * itself, because two that come in together fill the bucket once, and one after the other twice.
 */
function excessOf(
  { name, fields, state }: RecordedLimit,
  grants: readonly SpanGrant[],
  tables: readonly ZoneTables[],
): string | undefined {
  const { startedAtMs, pausedUntilMs = -Infinity, pausedTokens = 0 } = state;
  const isKept = fields.every !== undefined;
  const all = tables.map((zones) => new Ticks(fields, startedAtMs, zones));
  const isHeld = pausedUntilMs > -Infinity && !isKept;
  const held = isHeld ? all.map((ticks) => ticks.at(pausedUntilMs)) : [];
  let lastTick = Math.max(state.tick, held.length > 0 ? Math.min(...held) : -Infinity);
  let left = state.tokens + pausedTokens;
  // What a calendar gives while it is paused, whatever comes in.
  let leftByPause = state.tokens;
  const fillTo = (tick: number): void => {
    if (tick <= lastTick) return;
    const brought = Math.max(...all.map((ticks) => ticks.tokensBetween(lastTick, tick)));
    // A capacity that was cut may have more out than it can hold.
    left = Math.max(left, Math.min(fields.capacity, left + brought));
    lastTick = tick;
  };
  for (const { taken, grantedAtMs } of grants) {
    const tokens = taken[name] ?? 0;
    const reached = all.map((ticks) => ticks.at(grantedAtMs));
    fillTo(Math.min(...reached));
    for (const tick of ticksBetween(all, lastTick, Math.max(...reached))) {
      if (left < tokens) fillTo(tick);
    }
    left -= tokens;
    if (isKept && grantedAtMs < pausedUntilMs) {
      leftByPause -= tokens;
      if (leftByPause < 0 && tokens > 0) {
        return `${-leftByPause} tokens of ${name} too many in a pause, by ${grantedAtMs}`;
      }
    }
    // A caller that takes nothing may be granted while tokens are owed.
    if (left < 0 && tokens > 0) return `${-left} tokens of ${name} too many by ${grantedAtMs}`;
  }
  return undefined;
}

/** The ticks after `tick`, up to and including `lastTick`. Of those that coincide by every table, the last. */
function ticksBetween(all: readonly Ticks[], tick: number, lastTick: number): readonly number[] {
  const between: number[] = [];
  for (let number = tick + 1; number <= lastTick; number += 1) {
    const isOneOfTwo = all.every((ticks) => ticks.timeOf(number) === ticks.timeOf(number + 1));
    if (number === lastTick || !isOneOfTwo) between.push(number);
  }
  return between;
}
