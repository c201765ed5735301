/**
 * How an acquire ends. The limiter, its statistics and everything that reports an outcome share these
 * types.
 */

/** The caller has its tokens. */
export interface Grant {
  readonly ok: true;
  readonly tokens: number;
  /** Tokens left in the bucket just after this grant. */
  readonly remaining: number;
  /** Time since the caller joined the queue; 0 for an immediate grant. */
  readonly waitedMs: number;
  readonly grantedAtMs: number;
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
}

/** How an acquire ends. */
export type Outcome = Grant | Refusal;
