/**
 * When a bucket may be forgotten: once one that starts anew in its place can't give too much.
 *
 * That is when all of its limits are full and nothing of it is out. Let it be full at `F`, let the new one start at
 * `S`, no earlier, and take a window from before `F` until after `S`. Since the old bucket ends up full, it has
 * granted no more from the beginning of the window until `F` than what came in meanwhile: at most `ticks × refillTokens`,
 * with the ticks up to `F`. The new one grants at most the capacity, and what its own ticks bring, the first of which
 * comes an interval after `S`. Together these are at most the capacity and the ticks of one bucket in such a window,
 * which is all that contract rule 8 allows. The boundaries of a calendar are the same for both, so the same holds there.
 *
 * It does not mean that the old bucket would have granted the same requests: its ticks fall on other instants, and
 * while it is full, they bring nothing.
 *
 * Three more things must have ended. A pause, of which the new bucket knows nothing. Holds, which are remembered for a
 * while after their end, for holders that ask again. And the instants of the highest fences, if permits were granted
 * so fast that these are ahead of the clock.
 */
import type { LimitSet } from "./limits/limit-set.ts";
/** What may outlast that limits are full. */
interface Outlasting {
    /** `undefined` if there never was a hold or a permit. */
    readonly holds: {
        readonly rememberedUntilMs: number;
    } | undefined;
    readonly lastFence: number;
}
/**
 * From when on a bucket with these limits may be forgotten if nothing else happens, epoch milliseconds; rounded beyond
 * 2^53. `Infinity` if something of it never ends by itself, as the permit of a session.
 *
 * @param written If given, the limits as they are on the disk. Permits are those of `limits`: each has a row of its own.
 */
export declare function forgettableAtMs(limits: LimitSet | undefined, { holds, lastFence }: Outlasting, written?: LimitSet | undefined): number;
export {};
