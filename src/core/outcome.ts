/**
 * How an acquire ends. The limiter, its statistics and everything that reports an outcome share these
 * types.
 */
import type { LimitGrant } from "./limits/cost.ts";

/** The caller has its tokens. `tokens` and `remaining` are of the first limit. */
export interface Grant extends LimitGrant {
  readonly ok: true;
  /** Time since the caller joined the queue; 0 for an immediate grant. */
  readonly waitedMs: number;
  readonly grantedAtMs: number;
  /** The same of the further limits, by name; absent if there are none. */
  readonly limits?: Readonly<Record<string, LimitGrant>>;
}

/** Why a limiter refuses, in the order in which lists and documents show the reasons. */
export const limiterReasons = [
  "exceeds-capacity",
  "timeout",
  "queue-full",
  "bucket-reset",
  "unavailable",
] as const;

/**
 * Why a caller was refused:
 * - `exceeds-capacity`: it asked for more than the bucket can ever hold.
 * - `timeout`: it can't be granted within its `timeoutMs`.
 * - `queue-full`: `queueLimit` callers are waiting already.
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
   * years); anything longer is reported as that.
   */
  readonly retryAfterMs?: number;
  /**
   * The names of the limits that are to blame: with `timeout` those by which it is too late, with `queue-full`
   * the one that holds the head up, with `exceeds-capacity` those that can never hold so many. Absent for a
   * bucket with one limit.
   */
  readonly violatedLimits?: readonly string[];
}

/** How an acquire ends. */
export type Outcome = Grant | Refusal;
