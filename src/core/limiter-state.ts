/** What a limiter shows of itself, and what it is restored from. */
import type { LimitState } from "./limits/limit.ts";
import type { Policy } from "./policy.ts";
import type { CallerCounts, StatsState } from "./stats.ts";

/** What a limiter needs of a policy. */
export type LimiterPolicy = Pick<Policy, "limits" | "queueLimit" | "maxWaitMs" | "lease">;

/** A bucket's state at an instant. */
export interface LimiterView extends CallerCounts {
  readonly tokens: number;
  readonly waiters: number;
  /** Tokens that the waiters ask for, together. */
  readonly queuedTokens: number;
  /** The first tick after now; for a paused bucket, the first after the pause. */
  readonly nextTickAtMs: number;
  /** Until when the bucket is paused; absent if it isn't. */
  readonly pausedUntilMs?: number;
  /** Tokens on lease and not settled yet; absent if the policy has no `lease`. */
  readonly leasedTokens?: number;
}

/**
 * What must be durable: everything but the waiters, which are requeued by whatever holds their
 * requests.
 */
export interface LimiterState extends StatsState {
  /** In the policy's order; absent before the first acquire. */
  readonly limits?: readonly LimitState[];
}
