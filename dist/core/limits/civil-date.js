/**
 * Days of the Gregorian calendar as numbers, and back: day 0 is 1970-01-01. The method is that of Howard
 * Hinnant, "chrono-Compatible Low-Level Date Algorithms" (howardhinnant.github.io/date_algorithms.html): a
 * year that begins in March has its leap day at its end, so the days before each month follow from its
 * number alone, and 400 such years have the same days as any other 400.
 */
const DAYS_PER_ERA = 146_097;
/** From the first of March of year 0 to day 0. */
const DAYS_BEFORE_EPOCH = 719_468;
/** The number of the first day of a month, which is counted from January 1970. */
export function firstDayOf(month) {
    // Months from the first of March of year 0.
    const fromMarch = month + 1970 * 12 - 2;
    const year = Math.floor(fromMarch / 12);
    const era = Math.floor(year / 400);
    const yearOfEra = year - era * 400;
    const daysBeforeYear = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
    return (era * DAYS_PER_ERA + daysBeforeYear + daysBefore(fromMarch - year * 12) - DAYS_BEFORE_EPOCH);
}
/** The date of a day, by its number. */
export function civilDateOf(day) {
    const fromMarch = day + DAYS_BEFORE_EPOCH;
    const era = Math.floor(fromMarch / DAYS_PER_ERA);
    const dayOfEra = fromMarch - era * DAYS_PER_ERA;
    // Leap days before it are taken out, so that all years are equally long.
    const leapDays = Math.floor(dayOfEra / 1_460) -
        Math.floor(dayOfEra / 36_524) +
        Math.floor(dayOfEra / (DAYS_PER_ERA - 1));
    const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
    const daysBeforeYear = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
    const dayOfYear = dayOfEra - daysBeforeYear;
    const monthOfYear = Math.floor((5 * dayOfYear + 2) / 153);
    return {
        month: (era * 400 + yearOfEra - 1970) * 12 + monthOfYear + 2,
        day: dayOfYear - daysBefore(monthOfYear) + 1,
    };
}
/** The days of a year that begins in March before a month of it; March is 0. Five months have 153 days. */
function daysBefore(monthOfYear) {
    return Math.floor((153 * monthOfYear + 2) / 5);
}
