/** What a limiter shows of itself, and what it is restored from. */
import type { GrantRow } from "./holds/grant-row.ts";
import type { NamedTokens } from "./limits/cost.ts";
import type { LimitState } from "./limits/limit.ts";
import type { Policy } from "./policy.ts";
import type { CallerCounts, StatsState } from "./stats.ts";
/** What a limiter needs of a policy. */
export type LimiterPolicy = Pick<Policy, "limits" | "queueLimit" | "maxWaitMs" | "lease"> & Partial<Pick<Policy, "hold" | "concurrency">>;
/** What a limiter is built with besides its policy. */
export interface LimiterOptions<Caller = unknown> {
    /** Whether its turns say what to write. Default: `true`. */
    readonly isDurable?: boolean;
    /**
     * Makes the ids of holds and permits, another one each time. Knowing one is
     * enough to settle or release, so they must not be guessable. Needed if the policy has `hold` or `concurrency`.
     */
    readonly newId?: (() => string) | undefined;
    /** Fences of permits are higher than this, that of an earlier limiter of the same bucket. Default: 0. */
    readonly lastFence?: number;
    /** The session of a caller, whose permit lives as long as the session does. Default: nobody has one. */
    readonly sessionOf?: ((caller: Caller) => string | undefined) | undefined;
}
/** A limit's state at an instant. */
export interface LimitView {
    readonly tokens: number;
    /**
     * When tokens next come in, whether or not there is room; if paused, the first time after the pause, or its
     * end if what it has put aside is there then.
     */
    readonly nextTickAtMs: number;
    /** Until when it is paused; absent if it isn't. */
    readonly pausedUntilMs?: number;
    /**
     * What is there beside `tokens` when the pause ends, if nobody takes any: what it has put aside, and what comes
     * in until then. Absent if that is nothing, as of a token bucket, whose pauses take away what they hold back.
     */
    readonly pausedTokens?: number;
}
/** A bucket's permits at an instant. */
export interface PermitsView {
    readonly max: number;
    /** More than `max` if it was lowered since. */
    readonly held: number;
    /** When the oldest of them was granted, epoch milliseconds; absent if none is held. */
    readonly oldestAtMs?: number;
}
/** A bucket's state at an instant: that of its first limit, and what all of it has in common. */
export interface LimiterView extends CallerCounts, LimitView {
    readonly waiters: number;
    /** Tokens of the first limit that the waiters ask for, together. */
    readonly queuedTokens: number;
    /** The further limits, by name; absent if there are none. */
    readonly limits?: Readonly<Record<string, LimitView>>;
    /** The limit that the head of the queue waits for, `permits` if that is a permit; absent if nobody waits or there is one limit. */
    readonly headLimit?: string;
    /**
     * Tokens that holds have reserved and that aren't spent yet, of each limit. Absent if the policy has no `hold` and
     * nothing is held or owed; so is `owedTokens`.
     */
    readonly heldTokens?: NamedTokens;
    /** Tokens that were used beyond what was reserved and that ticks haven't made good yet, of each limit. */
    readonly owedTokens?: NamedTokens;
    /** Absent if the policy has no `concurrency`. */
    readonly permits?: PermitsView;
    /** Tokens on lease and not settled yet; absent if the policy has no `lease`. */
    readonly leasedTokens?: number;
}
/** What is on the disk of one limiter: its state, and the rows of its open grants. */
export interface SavedLimiter {
    readonly state: LimiterState;
    readonly rows: readonly GrantRow[];
}
/**
 * What must be durable: everything but the waiters, which are requeued by whatever holds their
 * requests.
 */
export interface LimiterState extends StatsState {
    /** In the policy's order; absent before the first acquire. */
    readonly limits?: readonly LimitState[];
    /** See `Reserves`; absent before the first hold. */
    readonly writtenOff?: NamedTokens;
}
