/**
 * The boundaries of calendars in a real time zone, found by looking at its clock in every minute. It knows no
 * offset and no change: it is slow, and what calendars are compared with.
 */
import { weekdays, type CalendarFields } from "../../src/core/limits/calendar-fields.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** A Monday. */
const MONDAY_MS = Date.UTC(2001, 0, 1);

/** What the clock of a zone shows, as a UTC instant that is written alike. Whole minutes only. */
export class ZoneClock {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    // Swedish dates are written as in ISO 8601.
    this.#format = new Intl.DateTimeFormat("sv-SE", {
      timeZone,
      dateStyle: "short",
      timeStyle: "short",
    });
  }

  read(atMs: number): number {
    return Date.parse(`${this.#format.format(atMs).replace(" ", "T")}Z`);
  }

  /** The first minutes at which the clock has been changed, from `fromMs` to `toMs`. */
  changes(fromMs: number, toMs: number): number[] {
    const changes: number[] = [];
    for (let atMs = fromMs; atMs < toMs; atMs += DAY_MS) {
      let [lowMs, highMs] = [atMs, atMs + DAY_MS];
      const before = this.read(lowMs) - lowMs;
      if (this.read(highMs) - highMs === before) continue;
      while (highMs - lowMs > MINUTE_MS) {
        const middleMs = lowMs + Math.floor((highMs - lowMs) / 2 / MINUTE_MS) * MINUTE_MS;
        if (this.read(middleMs) - middleMs === before) lowMs = middleMs;
        else highMs = middleMs;
      }
      changes.push(highMs);
    }
    return changes;
  }
}

type Rule = Pick<CalendarFields, "every" | "at" | "on">;

/**
 * For each of `rules`, the minutes after `fromMs` and up to `toMs` in which a clock for the first time shows the
 * beginning of a period, or a later time. The clock must not have been changed within a day before `fromMs`.
 */
export function walkedBoundaries(
  clock: ZoneClock,
  rules: readonly Rule[],
  fromMs: number,
  toMs: number,
): number[][] {
  const found: number[][] = rules.map(() => []);
  let latestMs = clock.read(fromMs);
  for (let atMs = fromMs + MINUTE_MS; atMs <= toMs; atMs += MINUTE_MS) {
    const shownMs = clock.read(atMs);
    if (shownMs <= latestMs) continue;
    rules.forEach((rule, index) => {
      for (let localMs = latestMs + MINUTE_MS; localMs <= shownMs; localMs += MINUTE_MS) {
        if (!isBeginning(localMs, rule)) continue;
        found[index]?.push(atMs);
        break;
      }
    });
    latestMs = shownMs;
  }
  return found;
}

/** Whether a period begins when the clock shows this minute. */
function isBeginning(localMs: number, { every, at, on }: Rule): boolean {
  const text = new Date(localMs).toISOString().slice(11, 16);
  if (every === "hour") return text.slice(3) === at.slice(3);
  if (text !== at) return false;
  if (every === "day") return true;
  if (every === "month") return new Date(localMs).getUTCDate() === (on ?? 1);
  const days = Math.floor((localMs - MONDAY_MS) / DAY_MS);
  return weekdays[((days % 7) + 7) % 7] === (on ?? "monday");
}
