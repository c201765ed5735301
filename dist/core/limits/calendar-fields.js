/** Days as a policy names them, in the order of ISO 8601: the week of a calendar begins on a Monday. */
export const weekdays = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/** What a calendar may begin anew with. */
export const calendarPeriods = ["hour", "day", "week", "month"];
/** What each field may be. */
export const calendarFields = {
    /** As for a token bucket. */
    capacity: { min: 1, max: 1_000_000_000 },
    every: { oneOf: calendarPeriods },
    /** Whether there is such a zone is for `TimeZones` to say. */
    timeZone: {
        pattern: /^[A-Za-z0-9][A-Za-z0-9_+/-]{0,63}$/,
        form: "an IANA time zone, such as Europe/Berlin",
        default: "UTC",
    },
    at: { pattern: /^(?:[01]\d|2[0-3]):[0-5]\d$/, form: 'a time of day, "HH:MM"', default: "00:00" },
    /** No later than the 28th, which every month has. */
    on: {
        by: "every",
        when: {
            week: { oneOf: weekdays, default: "monday" },
            month: { min: 1, max: 28, default: 1 },
        },
    },
    initialTokens: {
        min: 0,
        max: 1_000_000_000,
        atMost: "capacity",
        default: { minOf: ["capacity"] },
    },
};
/** What people read of each field. */
export const calendarWords = {
    capacity: { unit: "tokens", description: "Tokens at the start of each period" },
    every: { description: "The period. At each of its boundaries the limit is full again" },
    timeZone: { description: "The time zone whose calendar counts, by its IANA name" },
    at: { description: "Local time of the boundary; of an hour, only the minutes count" },
    on: { description: "Day of the boundary: of a week its name, of a month its number" },
    initialTokens: { unit: "tokens", description: "Tokens in a new limit, at most the capacity" },
};
