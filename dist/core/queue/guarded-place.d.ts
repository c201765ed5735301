import type { LimitSet } from "../limits/limit-set.ts";
import type { Waiter, WaiterQueue } from "./waiter-queue.ts";
/** A place that makes nobody late. */
interface GuardedPlace<Caller> {
    /** The waiter right in front; `undefined` at the head. */
    readonly predecessor: Waiter<Caller> | undefined;
    /** When it will be granted there as things stand, epoch milliseconds. */
    readonly grantAtMs: number;
}
/**
 * The place of `returner` in `queue`; changes nothing. `limits` serve the queue, as of now, and nobody in
 * it is due.
 */
export declare function guardedPlace<Caller>(queue: WaiterQueue<Caller>, limits: LimitSet, returner: Waiter<Caller>): GuardedPlace<Caller>;
export {};
