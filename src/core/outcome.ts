/** How an acquire ends: the one thing that the limiter, its counts and all who answer for it share. */

/** The caller has its tokens. */
export interface Grant {
  readonly ok: true;
  readonly tokens: number;
  /** Tokens left in the bucket just after this grant. */
  readonly remaining: number;
  /** Time since the caller joined; 0 for a grant on the spot. */
  readonly waitedMs: number;
  readonly grantedAtMs: number;
}

/** The reasons of a limiter, in the order in which they are listed to others. */
export const limiterReasons = [
  "exceeds-capacity",
  "timeout",
  "queue-full",
  "bucket-reset",
  "unavailable",
] as const;

/**
 * Why a caller went without:
 * - `exceeds-capacity`: it asked for more than the bucket can ever hold.
 * - `timeout`: it cannot be granted within its `timeoutMs`.
 * - `queue-full`: `queueLimit` callers wait already.
 * - `bucket-reset`: the bucket was drained.
 * - `unavailable`: its owner ends, and nobody waits here any more.
 */
export type LimiterReason = (typeof limiterReasons)[number];

/** The caller has nothing, and nothing was taken. */
export interface Refusal {
  readonly ok: false;
  readonly reason: LimiterReason;
  /**
   * With `timeout` and `queue-full`: time until the same request would be granted on the spot, with
   * everybody served who waits now. Never too early as things stand. At most 2^53 - 1 ms (285,000 years):
   * what takes longer is told as that.
   */
  readonly retryAfterMs?: number;
}

/** How a waiter ends. */
export type Outcome = Grant | Refusal;
