/**
 * Days of the Gregorian calendar as numbers, and back: day 0 is 1970-01-01. The method is that of Howard
 * Hinnant, "chrono-Compatible Low-Level Date Algorithms" (howardhinnant.github.io/date_algorithms.html): a
 * year that begins in March has its leap day at its end, so the days before each month follow from its
 * number alone, and 400 such years have the same days as any other 400.
 */
/** A day of the Gregorian calendar. */
export interface CivilDate {
    /** The number of its month, counted from January 1970, which is 0. */
    readonly month: number;
    /** The day of the month, from 1. */
    readonly day: number;
}
/** The number of the first day of a month, which is counted from January 1970. */
export declare function firstDayOf(month: number): number;
/** The date of a day, by its number. */
export declare function civilDateOf(day: number): CivilDate;
