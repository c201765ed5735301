/**
 * How an acquire ends. The limiter, its statistics and everything that reports an outcome share these
 * types.
 */
import type { LimitGrant } from "./limits/cost.ts";
/** Tokens that a grant reserved, until they are settled. */
export interface GrantedHold {
    /** Names the hold in the call that settles it. It can't be guessed. */
    readonly id: string;
    /** When the hold counts as spent unless it has been settled, epoch milliseconds. */
    readonly expiresAtMs: number;
}
/** The right of a grant to be out, until it is released. */
export interface GrantedPermit {
    /** Names the permit in the calls that extend and release it. It can't be guessed. */
    readonly id: string;
    /** Higher than that of every earlier permit of the bucket, also across restarts. */
    readonly fence: number;
    /** When the permit comes back to the bucket unless it is extended, epoch milliseconds. */
    readonly expiresAtMs: number;
}
/** The caller has its tokens. `tokens` and `remaining` are of the first limit. */
export interface Grant extends LimitGrant {
    readonly ok: true;
    /** Time since the caller joined the queue; 0 for an immediate grant. */
    readonly waitedMs: number;
    readonly grantedAtMs: number;
    /** The same of the further limits, by name; absent if there are none. */
    readonly limits?: Readonly<Record<string, LimitGrant>>;
    /** Present if the request asked for a hold. */
    readonly hold?: GrantedHold;
    /** Present if the policy has `concurrency`. With a hold, both have the same `id`. */
    readonly permit?: GrantedPermit;
}
/** Why a limiter refuses, in the order in which lists and documents show the reasons. */
export declare const limiterReasons: readonly ["exceeds-capacity", "timeout", "queue-full", "holds-full", "bucket-reset", "unavailable"];
/**
 * Why a caller was refused:
 * - `exceeds-capacity`: it asked for more than the bucket can ever hold.
 * - `timeout`: it can't be granted within its `timeoutMs`.
 * - `queue-full`: `queueLimit` callers are waiting already.
 * - `holds-full`: it asked for a hold, and the bucket has as many open holds as it can.
 * - `bucket-reset`: the bucket was reset.
 * - `unavailable`: the bucket's owner is shutting down and keeps nobody waiting.
 */
export type LimiterReason = (typeof limiterReasons)[number];
/** The caller got nothing, and nothing was taken from the bucket. */
export interface Refusal {
    readonly ok: false;
    readonly reason: LimiterReason;
    /**
     * With `timeout` and `queue-full`: the time until the same request would be granted immediately,
     * after everybody who waits now. Never too early as things stand. At most 2^53 - 1 ms (285,000
     * years); anything longer is reported as that. With `holds-full`: the time until the first open hold
     * ends.
     */
    readonly retryAfterMs?: number;
    /** Present if `retryAfterMs` is an estimate, because it depends on when permits come back. */
    readonly estimate?: true;
    /**
     * The names of the limits that are to blame: with `timeout` those by which it is too late, with `queue-full`
     * the one that holds the head up, with `exceeds-capacity` those that can never hold so many. Empty if it is
     * only because of permits. Absent for a bucket with one limit and without permits.
     */
    readonly violatedLimits?: readonly string[];
}
/** How an acquire ends. */
export type Outcome = Grant | Refusal;
