/** A calendar limit in the words that people read, on the page and in a terminal. */
import type { CompleteLimitFields } from "../../core/limits/kinds.ts";
/** The fields of a calendar limit. */
export type CalendarLimit = Extract<CompleteLimitFields, {
    readonly every: string;
}>;
/** When a calendar limit is full again: `every day at 00:00 Europe/Berlin`, `every Monday at 09:00 UTC`. */
export declare function calendarWords({ every, on, at, timeZone }: CalendarLimit): string;
/**
 * An instant in the calendar's own time zone, to the minute: `Mon 30 Nov, 00:00 Europe/Berlin`. In UTC if
 * this runtime lacks the zone.
 */
export declare function boundaryWords(atMs: number, { timeZone }: CalendarLimit): string;
