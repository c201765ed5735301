/**
 * A grid whose ticks are the beginnings of local hours, days, weeks or months.
 *
 * A tick is the number of a local period since 1970. The number is what is kept, so a period's tokens come
 * in once, whatever becomes of the instant at which it begins: governments change their clocks, and the
 * tables that say so are updated under a running service.
 *
 * **A period begins at the first instant at which local time has reached its beginning.** That says all
 * there is to say of daylight saving time. A local time that doesn't exist is the first instant after the gap,
 * one that exists twice is its first, a period that local time jumps over begins together with the next
 * one, and instants never decrease from tick to tick.
 *
 * The zone says one thing: its offset from UTC at an instant. Instants are found from it by comparing the
 * offsets around a local time. They differ near a change alone, whose instant is then found by bisection.
 * What was found is kept, so offsets are asked for when a period begins, and not each time that a bucket
 * lets time pass.
 */
import type { Grid } from "./grid.ts";

/** The offsets of one time zone, as the platform's table has them. */
export interface ZoneOffsets {
  /**
   * Local time less UTC at an instant, in milliseconds: 3,600,000 where clocks are an hour ahead. From one
   * change of it to the next it takes more than 30 hours (in all zones since 1970, a week).
   */
  offsetAt(atMs: number): number;
  /** The largest offset less the smallest, in milliseconds: 0 where clocks never change. */
  readonly swingMs: number;
}

/** The offsets of UTC. */
export const utcOffsets: ZoneOffsets = { offsetAt: () => 0, swingMs: 0 };

/** When periods begin on a local clock, which knows no changes: instants are local milliseconds. */
export type LocalPeriods = Pick<Grid, "timeOf" | "tickAt">;

/** A tick, and when it fell: what a grid starts from. */
interface FirstTick {
  readonly tick: number;
  readonly atMs: number;
}

/** No zone is further from UTC, in milliseconds; the furthest was 15 hours and 13 minutes, until 1900. */
const MAX_OFFSET_MS = 15 * 3_600_000;
/**
 * So many times tokens come in are looked for one by one, which takes a millisecond or a few; from there each
 * tick counts. A queue needs one or two of them, and a debt one for each capacity that is owed. A forecast for
 * more than that, of hours six weeks ahead, may be early by the hours that local time jumps over until then.
 */
const MAX_STEPS = 1_000;
/** Instants that are kept. A queue needs the last one, the next one, and one or two more. */
const MAX_INSTANTS = 16;

/** The beginnings of local periods in one time zone, from a first one on. */
export class CivilGrid implements Grid {
  readonly #periods: LocalPeriods;
  readonly #zone: ZoneOffsets;
  readonly #first: FirstTick;
  /** Of ticks, those that were asked for since it was last full. */
  readonly #instants = new Map<number, number>();
  /** The period that was looked at last: its tick, and the instants of that and of the next one. */
  #tick: number;
  #atMs: number;
  #nextAtMs: number;

  /**
   * A grid that starts at `atMs`, with the period that it falls into. That period begins at `atMs`, and so
   * do all earlier ones.
   *
   * @param tick The number of that period, if its tokens have come in already: this and all before it are
   * over, even if the zone says otherwise by now.
   */
  constructor(periods: LocalPeriods, zone: ZoneOffsets, atMs: number, tick = -Infinity) {
    this.#periods = periods;
    this.#zone = zone;
    this.#first = { tick, atMs };
    this.#tick = NaN;
    this.#atMs = NaN;
    this.#nextAtMs = NaN;
    this.#first = { tick: this.tickAt(atMs), atMs };
    this.#instants.clear();
  }

  timeOf(tick: number): number {
    const known = this.#instants.get(tick);
    if (known !== undefined) return known;
    if (this.#instants.size === MAX_INSTANTS) this.#instants.clear();
    const atMs = this.#instantOf(tick);
    this.#instants.set(tick, atMs);
    return atMs;
  }

  tickAt(atMs: number): number {
    if (atMs >= this.#atMs && atMs < this.#nextAtMs) return this.#tick;
    const localMs = atMs + this.#zone.offsetAt(atMs);
    let tick = Math.max(this.#first.tick, this.#periods.tickAt(localMs));
    let tickAtMs = this.timeOf(tick);
    let nextAtMs = this.timeOf(tick + 1);
    // Local time has been further already if clocks were set back, or jumps over the next period.
    while (nextAtMs <= atMs) {
      tick += 1;
      tickAtMs = nextAtMs;
      nextAtMs = this.timeOf(tick + 1);
    }
    this.#tick = tick;
    this.#atMs = tickAtMs;
    this.#nextAtMs = nextAtMs;
    return tick;
  }

  tickBefore(atMs: number): number {
    return this.tickAt(Math.ceil(atMs) - 1);
  }

  msUntil(tick: number, fromMs: number): number {
    return this.timeOf(tick) - fromMs;
  }

  after(tick: number, times: number): number {
    let reached = tick;
    for (let step = 0; step < times; step += 1) {
      if (step === MAX_STEPS) return reached + times - step;
      reached = this.#nextTick(reached);
    }
    return reached;
  }

  tokensBetween(tick: number, lastTick: number, refillTokens: number, most: number): number {
    let reached = tick;
    let tokens = 0;
    for (let step = 0; reached < lastTick && tokens < most; step += 1) {
      if (step === MAX_STEPS) return tokens + (lastTick - reached) * refillTokens;
      reached = this.#nextTick(reached);
      tokens += refillTokens;
    }
    return tokens;
  }

  /** The last one of the ticks on the next instant that has any. */
  #nextTick(tick: number): number {
    const atMs = this.timeOf(tick + 1);
    let last = tick + 1;
    while (this.timeOf(last + 1) === atMs) last += 1;
    return last;
  }

  #instantOf(tick: number): number {
    const { tick: firstTick, atMs } = this.#first;
    if (tick <= firstTick) return atMs;
    return Math.max(atMs, firstInstantAt(this.#periods.timeOf(tick), this.#zone));
  }
}

/** The first instant at which local time has reached `localMs`. */
function firstInstantAt(localMs: number, zone: ZoneOffsets): number {
  const fromMs = localMs - MAX_OFFSET_MS;
  const toMs = localMs + MAX_OFFSET_MS;
  const before = zone.offsetAt(fromMs);
  const after = zone.offsetAt(toMs);
  if (before === after) return localMs - before;
  const changeAtMs = changeBetween(fromMs, toMs, zone);
  if (localMs - before < changeAtMs) return localMs - before;
  return Math.max(changeAtMs, localMs - after);
}

/** The first instant after `fromMs` with another offset than there, if there is one change up to `toMs`. */
function changeBetween(fromMs: number, toMs: number, zone: ZoneOffsets): number {
  const before = zone.offsetAt(fromMs);
  let beforeMs = fromMs;
  let changedMs = toMs;
  while (changedMs - beforeMs > 1) {
    const middleMs = Math.floor((beforeMs + changedMs) / 2);
    if (zone.offsetAt(middleMs) === before) beforeMs = middleMs;
    else changedMs = middleMs;
  }
  return changedMs;
}
