/**
 * A grid whose ticks are the beginnings of local hours, days, weeks or months.
 *
 * A tick is the number of a local period since 1970. The number is what is kept, so a period's tokens come
 * in once, whatever becomes of the instant at which it begins: governments change their clocks, and the
 * tables that say so are updated under a running service.
 *
 * **A period begins at the first instant at which local time has reached its beginning.** That says all
 * there is to say of daylight saving time. A local time that doesn't exist is the first instant after the gap,
 * one that exists twice is its first, a period that local time jumps over begins together with the next
 * one, and instants never decrease from tick to tick.
 *
 * The zone says one thing: its offset from UTC at an instant. Instants are found from it by comparing the
 * offsets around a local time. They differ near a change alone, whose instant is then found by bisection.
 * What was found is kept, so offsets are asked for when a period begins, and not each time that a bucket
 * lets time pass.
 */
import type { Grid } from "./grid.ts";
/** The offsets of one time zone, as the platform's table has them. */
export interface ZoneOffsets {
    /**
     * Local time less UTC at an instant, in milliseconds: 3,600,000 where clocks are an hour ahead. From one
     * change of it to the next it takes more than 30 hours (in all zones since 1970, a week).
     */
    offsetAt(atMs: number): number;
    /** The largest offset less the smallest, in milliseconds: 0 where clocks never change. */
    readonly swingMs: number;
}
/** The offsets of UTC. */
export declare const utcOffsets: ZoneOffsets;
/** When periods begin on a local clock, which knows no changes: instants are local milliseconds. */
export type LocalPeriods = Pick<Grid, "timeOf" | "tickAt">;
/** The beginnings of local periods in one time zone, from a first one on. */
export declare class CivilGrid implements Grid {
    #private;
    /**
     * A grid that starts at `atMs`, with the period that it falls into. That period begins at `atMs`, and so
     * do all earlier ones.
     *
     * @param tick The number of that period, if its tokens have come in already: this and all before it are
     * over, even if the zone says otherwise by now.
     */
    constructor(periods: LocalPeriods, zone: ZoneOffsets, atMs: number, tick?: number);
    timeOf(tick: number): number;
    tickAt(atMs: number): number;
    tickBefore(atMs: number): number;
    msUntil(tick: number, fromMs: number): number;
    after(tick: number, times: number): number;
    tokensBetween(tick: number, lastTick: number, refillTokens: number, most: number): number;
}
