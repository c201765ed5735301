/** How many tokens a crash may lose that nobody was ever told of. */
import type { Policy } from "../src/core/policy.ts";

/** Tokens that a bucket of this policy has reserved at most: a 64th of it, and one second's refill. */
export function largestBatch({
  capacity,
  refillTokens,
  refillIntervalMs,
}: Pick<Policy, "capacity" | "refillTokens" | "refillIntervalMs">): number {
  const inOneSecond = Math.floor((refillTokens * 1_000) / refillIntervalMs);
  return Math.min(Math.floor(capacity / 64), inOneSecond);
}
