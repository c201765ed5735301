/**
 * Limits run ahead of time: a copy that waiters are served from, each at the first instant at which all
 * it asks for is there. Nothing else in the core plays limits forward.
 */
import type { Cost, NamedTokens } from "./cost.ts";
import type { LimitSet } from "./limit-set.ts";
/**
 * A copy of limits that serves waiters ahead of time.
 *
 * @example
 * const ahead = new LookAhead(limits);
 * ahead.serve(1); // when the head is granted, epoch milliseconds
 * ahead.availableAt(1); // when one behind it would be
 */
export declare class LookAhead {
    #private;
    constructor(limits: LimitSet | LookAhead);
    /** Another one that has served as many. */
    copy(): LookAhead;
    /** When the last waiter is served, epoch milliseconds; before the first, the instant of the limits. */
    get servedAtMs(): number;
    /** When a waiter for `cost`, which fits, behind all that were served is, epoch milliseconds. */
    availableAt(cost: Cost): number;
    /** How long after `fromMs` that is, in milliseconds. Exact even if the instant is beyond 2^53. */
    msUntil(cost: Cost, fromMs: number): number;
    /** See `LimitSet.namesLater`, once all that were served are. */
    namesLater(cost: Cost, atMs: number): readonly string[] | undefined;
    /** Serves a waiter and takes what is owed behind it, and returns when it is served, epoch milliseconds. */
    serveWaiter({ tokens, owed, }: {
        readonly tokens: Cost;
        readonly owed?: NamedTokens | undefined;
    }): number;
    /** Takes what is owed behind the last waiter that was served. */
    takeOwed(owed: NamedTokens): void;
    /** Serves a waiter, and returns when, epoch milliseconds. */
    serve(cost: Cost): number;
    /** Serves a waiter at `atMs`, which `availableAt` said. */
    serveAt(atMs: number, cost: Cost): void;
    /**
     * The same as serving waiters that want `tokens` together, if the limits' closed form covers each of
     * them.
     */
    serveRun(tokens: number): void;
}
