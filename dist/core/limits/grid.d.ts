/**
 * When the ticks of a token bucket fall. A tick is a number, and a grid says at which instant it is: the
 * bucket counts ticks, and asks here for instants. Instants are epoch milliseconds and never decrease from
 * a tick to the next one.
 *
 * Several ticks may fall on one instant, if local time jumps over the periods that they begin. They count as
 * one, which is why a bucket asks how many tokens the ticks of a stretch bring, and which tick brings the
 * n-th of them, and doesn't count them itself.
 */
/** The ticks of one bucket. */
export interface Grid {
    /** The instant of a tick; rounded beyond 2^53. */
    timeOf(tick: number): number;
    /** The last tick at or before `atMs`. */
    tickAt(atMs: number): number;
    /** The last tick before `atMs`. */
    tickBefore(atMs: number): number;
    /** How long after `fromMs` a tick falls. Exact even if its instant is beyond 2^53. */
    msUntil(tick: number, fromMs: number): number;
    /** The tick with which tokens come in for the `times`-th time after `tick`; `tick` itself for 0. */
    after(tick: number, times: number): number;
    /**
     * How many tokens the ticks after `tick` and up to `lastTick` bring, at `refillTokens` each. If they are
     * more than `most`, it may be any number from `most` on, so that a year need not be counted day by day.
     */
    tokensBetween(tick: number, lastTick: number, refillTokens: number, most: number): number;
}
