/**
 * When the periods of a calendar begin, found from its rule and a table of offsets alone: it shares no code
 * with `src/core`. A period has the number that it has there, counted from 1970.
 */
import { weekdays, type CalendarFields } from "../../src/core/limits/calendar-fields.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** The Monday before 1970-01-01, as a day of that January. */
const FIRST_MONDAY = -2;

/** From an instant on, epoch milliseconds, local time is ahead of UTC by so many milliseconds. */
interface Offset {
  readonly fromMs: number;
  readonly aheadMs: number;
}

/** The offsets of one zone, in order. The first is in force from the beginning of time. */
export type ZoneTable = readonly [Offset, ...Offset[]];

/** The beginnings of a calendar's periods in one zone. */
export class Boundaries {
  readonly #fields: CalendarFields;
  readonly #table: ZoneTable;
  readonly #found = new Map<number, number>();

  constructor(fields: CalendarFields, table: ZoneTable) {
    this.#fields = fields;
    this.#table = table;
  }

  /** The first instant at which the local clock shows the beginning of a period, or something later. */
  timeOf(number: number): number {
    let atMs = this.#found.get(number);
    if (atMs === undefined) {
      atMs = this.#firstAt(this.#localTimeOf(number));
      this.#found.set(number, atMs);
    }
    return atMs;
  }

  /** The last period that has begun by an instant. */
  numberAt(atMs: number): number {
    const ahead = this.#table.findLast(({ fromMs }) => fromMs <= atMs)?.aheadMs ?? 0;
    let number = this.#numberOfLocal(atMs + ahead);
    while (this.timeOf(number + 1) <= atMs) number += 1;
    while (this.timeOf(number) > atMs) number -= 1;
    return number;
  }

  /** The first boundary after an instant. */
  after(atMs: number): number {
    return this.timeOf(this.numberAt(atMs) + 1);
  }

  #firstAt(localMs: number): number {
    for (const [index, { fromMs, aheadMs }] of this.#table.entries()) {
      const atMs = Math.max(fromMs, localMs - aheadMs);
      if (atMs < (this.#table[index + 1]?.fromMs ?? Infinity)) return atMs;
    }
    throw new RangeError("A zone's table must have an offset for all time");
  }

  #localTimeOf(number: number): number {
    const { every, on } = this.#fields;
    const [hours, minutes] = this.#time;
    if (every === "hour") return (number + hours) * HOUR_MS + minutes * MINUTE_MS;
    if (every === "month") return Date.UTC(1970, number, Number(on), hours, minutes);
    const day = every === "week" ? FIRST_MONDAY + this.#weekday + 7 * number : 1 + number;
    return Date.UTC(1970, 0, day, hours, minutes);
  }

  /** The period that has begun last where the clock has always been as it is. */
  #numberOfLocal(localMs: number): number {
    const { every, on } = this.#fields;
    const [hours, minutes] = this.#time;
    const sinceMs = localMs - hours * HOUR_MS - minutes * MINUTE_MS;
    if (every === "hour") return Math.floor(sinceMs / HOUR_MS);
    if (every === "day") return Math.floor(sinceMs / DAY_MS);
    if (every === "week") {
      const firstMs = Date.UTC(1970, 0, FIRST_MONDAY + this.#weekday);
      return Math.floor((sinceMs - firstMs) / (7 * DAY_MS));
    }
    const date = new Date(sinceMs);
    const months = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
    return date.getUTCDate() < Number(on) ? months - 1 : months;
  }

  get #time(): readonly [hours: number, minutes: number] {
    const [hours, minutes] = this.#fields.at.split(":");
    return [Number(hours), Number(minutes)];
  }

  /** The days after the Monday of a week. */
  get #weekday(): number {
    return weekdays.findIndex((day) => day === this.#fields.on);
  }
}
