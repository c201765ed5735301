import type { ZoneOffsets } from "./civil-grid.ts";
import type { CalendarFields } from "./calendar-fields.ts";
import type { LimitKind } from "./limit.ts";
/** What a calendar is made from: its fields, and the offsets of its time zone. */
export type ZonedCalendarFields = CalendarFields & {
    readonly zone: ZoneOffsets;
};
/** The kind `calendar`: full at each beginning of a local hour, day, week or month. */
export declare const calendar: LimitKind<ZonedCalendarFields>;
