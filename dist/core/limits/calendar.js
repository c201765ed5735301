import { calendarFields, weekdays } from "./calendar-fields.js";
import { civilDateOf, firstDayOf } from "./civil-date.js";
import { CivilGrid } from "./civil-grid.js";
import { RegularGrid } from "./regular-grid.js";
import { TokenBucket } from "./token-bucket.js";
/** A write-ahead batch is at most the capacity divided by this, which a period loses in a crash. */
const BATCH_CAPACITY_SHARE = 40;
/** A smaller calendar writes each grant: every one of its tokens may be somebody's quota. */
const MIN_BATCH_CAPACITY = 40_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Periods that are equally long. */
const PERIOD_MS = { hour: HOUR_MS, day: DAY_MS, week: 604_800_000 };
/** Day 0, 1970-01-01, was a Thursday: the Monday before it. */
const FIRST_MONDAY = -3;
/** 31 days: no month is longer. */
const MAX_MONTH_MS = 2_678_400_000;
/**
 * March 2096, after whose February there is no leap day for eight years, and one less than every four years
 * in each of the three centuries that follow. Nowhere are months in a row shorter than from one of these 48 on.
 */
const SHORT_MONTHS = { month: (2096 - 1970) * 12 + 2, count: 48 };
/** What a period is taken for where one number has to do: of a month 30 days. */
const NOMINAL_MS = {
    hour: HOUR_MS,
    day: DAY_MS,
    week: 604_800_000,
    month: 2_592_000_000,
};
/** Months that begin on the same day of each, at the same time of day. */
class Months {
    #intoMonthMs;
    /** @param intoMonthMs From the beginning of a month until the period begins, in milliseconds. */
    constructor(intoMonthMs) {
        this.#intoMonthMs = intoMonthMs;
    }
    timeOf(month) {
        return firstDayOf(month) * DAY_MS + this.#intoMonthMs;
    }
    tickAt(localMs) {
        const { month } = civilDateOf(Math.floor(localMs / DAY_MS));
        return localMs < this.timeOf(month) ? month - 1 : month;
    }
}
/** When the periods of a calendar begin on a local clock. */
function periodsOf({ every, at, on }) {
    const intoDayMs = intoDayOf(at);
    if (every === "month")
        return new Months((monthDayOf(on) - 1) * DAY_MS + intoDayMs);
    const firstDay = every === "week" ? FIRST_MONDAY + weekdayOf(on) : 0;
    return new RegularGrid(firstDay * DAY_MS + intoDayMs, PERIOD_MS[every]);
}
/** The days after the Monday of a week. */
function weekdayOf(on) {
    return Math.max(0, weekdays.findIndex((day) => day === on));
}
function monthDayOf(on) {
    return typeof on === "number" ? on : 1;
}
/** From midnight until a time of day that is written `HH:MM`, in milliseconds. */
function intoDayOf(at) {
    const [hours, minutes] = at.split(":");
    return Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS;
}
/** The most periods that begin within `spanMs` of a local clock, both ends included. */
function mostBeginnings(every, spanMs) {
    const periods = every === "month" ? mostMonthsWithin(spanMs) : Math.floor(spanMs / PERIOD_MS[every]);
    return periods + 1;
}
/** The most months in a row that are no longer than `spanMs` together. */
function mostMonthsWithin(spanMs) {
    let months = Math.floor(spanMs / MAX_MONTH_MS);
    while (shortestDaysOf(months + 1) * DAY_MS <= spanMs)
        months += 1;
    return months;
}
/** The days of so many months in a row where these are shortest. */
function shortestDaysOf(months) {
    const { month, count } = SHORT_MONTHS;
    let days = Infinity;
    for (let first = month; first < month + count; first += 1) {
        days = Math.min(days, firstDayOf(first + months) - firstDayOf(first));
    }
    return days;
}
const calendarForm = {
    name: "calendar",
    isMovable: true,
    isKeptInPause: true,
    refillTokensOf: ({ capacity }) => capacity,
    gridOf: (fields, { reachedAtMs, tick }) => new CivilGrid(periodsOf(fields), fields.zone, reachedAtMs, tick),
    haveSameGrid: (one, other) => one.every === other.every &&
        one.timeZone === other.timeZone &&
        one.at === other.at &&
        one.on === other.on,
};
/** The kind `calendar`: full at each beginning of a local hour, day, week or month. */
export const calendar = {
    name: "calendar",
    fields: calendarFields,
    forecast: "exact",
    atLoanEnd: "spent",
    start: (fields, nowMs) => TokenBucket.startAs(calendarForm, fields, nowMs),
    restore: (fields, state) => TokenBucket.fromAs(calendarForm, fields, state),
    /**
     * What a crash loses doesn't come in again before the next boundary, so it is weighed against the
     * capacity alone: a 40th of it, and nothing of a calendar that people count in single tokens.
     */
    maxBatch({ capacity }) {
        return capacity < MIN_BATCH_CAPACITY ? 0 : Math.floor(capacity / BATCH_CAPACITY_SHARE);
    },
    batchFrom: "tokens",
    /** A nominal period, as header fields give it. */
    windowMs: ({ every }) => NOMINAL_MS[every],
    /**
     * What is there at its beginning, and the boundaries in it. While `windowMs` pass, a local clock moves on
     * by as much, and by the zone's swing if it is set forward.
     */
    maxGranted({ capacity, every, zone }, windowMs) {
        return capacity * (mostBeginnings(every, windowMs + zone.swingMs) + 1);
    },
};
