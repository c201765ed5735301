/** Time zones as the core knows them: it has no table of its own, and gets one handed in. */
import type { ZoneOffsets } from "./civil-grid.ts";
/** All time zones that are known. */
export interface TimeZones {
    /** The zone with this IANA name; `undefined` if there is none. */
    zoneOf(name: string): ZoneOffsets | undefined;
}
/** Knows UTC and nothing else. */
export declare const onlyUtc: TimeZones;
