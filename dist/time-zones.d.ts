/**
 * The offsets of time zones, from the table that the platform has in `Intl`. It runs wherever that is: in a
 * Worker and an object, on Node, in a browser.
 *
 * To format an instant takes microseconds, and to make a formatter a hundred times as long. So time is cut
 * into blocks, shorter than the time between two changes of a zone: a block whose two ends have the same
 * offset has it throughout, and in any other one the change is found once, by bisection.
 */
import type { ZoneOffsets } from "./core/limits/civil-grid.ts";
import type { TimeZones } from "./core/limits/time-zones.ts";
/**
 * The offsets of an IANA time zone, such as `Europe/Berlin`.
 *
 * @throws {RangeError} If the platform knows no zone of that name. An offset, as in `+01:00`, is no name.
 */
export declare function zoneOffsets(timeZone: string): ZoneOffsets;
/** All time zones of the platform. */
export declare const timeZones: TimeZones;
