/** A grid whose ticks fall at equal distances. */
import type { Grid } from "./grid.ts";
/** Ticks at equal distances: tick `k` falls on `startedAtMs + k × intervalMs`. */
export declare class RegularGrid implements Grid {
    #private;
    constructor(startedAtMs: number, intervalMs: number);
    timeOf(tick: number): number;
    tickAt(atMs: number): number;
    tickBefore(atMs: number): number;
    msUntil(tick: number, fromMs: number): number;
    after(tick: number, times: number): number;
    tokensBetween(tick: number, lastTick: number, refillTokens: number): number;
}
