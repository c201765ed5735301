/**
 * When the ticks of a token bucket fall. A tick is a number, and a grid says at which instant it is: the
 * bucket counts ticks, and asks here for instants. Instants are epoch milliseconds and never decrease from
 * a tick to the next one.
 *
 * Several ticks may fall on one instant, if local time jumps over the periods that they begin. They count as
 * one, which is why a bucket asks how many tokens the ticks of a stretch bring, and which tick brings the
 * n-th of them, and doesn't count them itself.
 */
export {};
