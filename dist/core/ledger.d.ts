/**
 * The ledger: everything that is booked when a caller is settled. The outcomes of the turn under way, the
 * sums since the bucket started (stats.ts), and what the disk has to know (write-ahead.ts). At the end of
 * a turn it makes the turn's effects of them.
 */
import type { Lease } from "./lease/lease.ts";
import type { LimiterOptions, LimiterPolicy, LimiterState, LimiterView, SavedLimiter } from "./limiter-state.ts";
import type { Cost, NamedTokens } from "./limits/cost.ts";
import type { LimitSet } from "./limits/limit-set.ts";
import type { LimiterReason } from "./outcome.ts";
import type { Waiter } from "./queue/waiter-queue.ts";
import type { StatsView } from "./stats.ts";
import type { Turn } from "./turn.ts";
import { Holds } from "./holds/holds.ts";
/** A caller that is granted, and the tokens that it takes. */
interface GrantedCaller<Caller> {
    readonly caller: Caller;
    readonly tokens: Cost;
    /** When it joined the queue, epoch milliseconds; `undefined` if it has just come. */
    readonly queuedAtMs: number | undefined;
    /** For how long it holds them, in milliseconds; `undefined` if they are spent. */
    readonly holdMs?: number | undefined;
}
/** See `LimiterOptions`. */
type Options<Caller> = Pick<LimiterOptions<Caller>, "lastFence" | "sessionOf"> & {
    readonly newId: () => string;
};
/** What a refusal says besides its reason. */
interface RefusalDetails {
    /** See `Refusal.violatedLimits`. */
    readonly names?: readonly string[] | undefined;
    /** See `Refusal.estimate`. */
    readonly isEstimate?: boolean;
}
/** What is shown of a queue. */
interface ShownQueue {
    readonly size: number;
    readonly tokens: number;
    readonly owed: NamedTokens | undefined;
    headLimit(limits: LimitSet): string | undefined;
}
/** The books of one limiter. */
export declare class Ledger<Caller> {
    #private;
    /** @param isDurable Whether turns say what to write. */
    constructor(isDurable: boolean, { newId, lastFence, sessionOf }: Options<Caller>);
    /** The books of a state that is on the disk, whose limits are restored. */
    static from<Caller>({ state, rows }: SavedLimiter, limits: LimitSet | undefined, options: Options<Caller>): Ledger<Caller>;
    /** Other books, with the same in them. */
    copy(): Ledger<Caller>;
    /** The grants of which something may come back; `undefined` before the first. */
    get holds(): Holds | undefined;
    /** The highest fence of a permit so far, before a reset too; 0 if there has been none. */
    get lastFence(): number;
    /** What has been done since the bucket started, beyond the counts of `view`. */
    get stats(): StatsView;
    /**
     * A caller has its tokens: they have just been taken of `limits`, in a turn at `nowMs` by the clock.
     */
    granted({ caller, tokens: cost, queuedAtMs, holdMs }: GrantedCaller<Caller>, limits: LimitSet, nowMs: number): void;
    /**
     * A caller gets nothing.
     *
     * @param retryInMs Until the same request would be granted, if that is known.
     */
    refused(caller: Caller, reason: LimiterReason, retryInMs?: number, { names: violatedLimits, isEstimate }?: RefusalDetails): void;
    /** A waiter has left. */
    cancelled(): void;
    /** An isolate has granted `tokens` to `callers` from its leases. */
    leased(tokens: number, callers: number): void;
    /** Something besides grants must be written: a start, a pause, a lease, a new policy. */
    changed(): void;
    /** The limits are others now, so nothing that is written ahead covers a grant any more. */
    limitsReplaced(limits: LimitSet): void;
    /** The bucket is forgotten. */
    reset(): void;
    /** From now on turns have no effects until `endBatch`. */
    beginBatch(): void;
    /** The next turn has the effects of all turns of the batch. */
    endBatch(): void;
    /**
     * The effects of the turn, which is done. What is booked from here on belongs to the next one; in a batch, what was
     * booked so far does, too.
     *
     * @param queue What is owed there hasn't been taken yet; by default nothing is.
     */
    endTurn(limits: LimitSet | undefined, nowMs: number, wakeAtMs?: number, waiter?: Waiter<Caller>, cancelled?: Waiter<Caller>, lease?: Lease, queue?: Pick<ShownQueue, "owed">): Turn<Caller>;
    /** What a limiter shows: its limits, as of `nowMs`, and its queue. */
    view(limits: LimitSet, queue: ShownQueue, nowMs: number, { lease, hold }: Pick<LimiterPolicy, "lease" | "hold">): LimiterView;
    /** A limiter's state, if that of its limits is `states`. */
    state(states: LimiterState["limits"], limits: LimitSet | undefined): LimiterState;
}
export {};
