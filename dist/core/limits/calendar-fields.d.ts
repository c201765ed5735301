/** What a policy says of a calendar limit. How such a limit works is in calendar.ts. */
import type { FieldWords, ValuesOf } from "../fields.ts";
/** Days as a policy names them, in the order of ISO 8601: the week of a calendar begins on a Monday. */
export declare const weekdays: readonly ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/** What a calendar may begin anew with. */
export declare const calendarPeriods: readonly ["hour", "day", "week", "month"];
export type CalendarPeriod = (typeof calendarPeriods)[number];
/** What each field may be. */
export declare const calendarFields: {
    /** As for a token bucket. */
    readonly capacity: {
        readonly min: 1;
        readonly max: 1000000000;
    };
    readonly every: {
        readonly oneOf: readonly ["hour", "day", "week", "month"];
    };
    /** Whether there is such a zone is for `TimeZones` to say. */
    readonly timeZone: {
        readonly pattern: RegExp;
        readonly form: "an IANA time zone, such as Europe/Berlin";
        readonly default: "UTC";
    };
    readonly at: {
        readonly pattern: RegExp;
        readonly form: 'a time of day, "HH:MM"';
        readonly default: "00:00";
    };
    /** No later than the 28th, which every month has. */
    readonly on: {
        readonly by: "every";
        readonly when: {
            readonly week: {
                readonly oneOf: readonly ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
                readonly default: "monday";
            };
            readonly month: {
                readonly min: 1;
                readonly max: 28;
                readonly default: 1;
            };
        };
    };
    readonly initialTokens: {
        readonly min: 0;
        readonly max: 1000000000;
        readonly atMost: "capacity";
        readonly default: {
            readonly minOf: readonly ["capacity"];
        };
    };
};
/** A calendar limit of a policy, complete. `on` is absent for an hour and a day. */
export type CalendarFields = ValuesOf<typeof calendarFields>;
/** What people read of each field. */
export declare const calendarWords: FieldWords<keyof typeof calendarFields>;
