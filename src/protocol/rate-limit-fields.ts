/**
 * The `RateLimit` and `RateLimit-Policy` fields (draft-ietf-httpapi-ratelimit-headers-11), structured fields
 * of RFC 9651. Sluice writes them about its buckets, and a middleware passes them on to its own callers.
 */
import { fieldString } from "./text.ts";

/** What the `RateLimit` and `RateLimit-Policy` fields of an answer say about the bucket. */
export interface RateLimitState {
  /** The policy's name. */
  readonly policy: string;
  readonly capacity: number;
  /** Time in which an empty bucket fills: whole seconds, rounded up. */
  readonly windowSeconds: number;
  /** Tokens in the bucket at the time of the answer. */
  readonly remaining: number;
  /** Time until the next tick: whole seconds, rounded up. Absent if the bucket is full. */
  readonly resetSeconds?: number;
  /** The same of the bucket's further limits, in order; absent if there are none. */
  readonly others?: readonly RateLimitState[];
}

/** Whole seconds, never too few. */
export function ceilSeconds(durationMs: number): number {
  return Math.ceil(durationMs / 1000);
}

/** Both fields, as they are written. */
type RateLimitFields = Record<"RateLimit" | "RateLimit-Policy", string>;

/**
 * Both fields: `q` is the capacity, `w` the window, `r` the tokens that remain, `t` the reset. Lists of one item
 * for each limit.
 */
export function rateLimitFields(state: RateLimitState): RateLimitFields {
  const { others } = state;
  const first = itemsOf(state);
  if (!others) return first;
  const all = [first, ...others.map(itemsOf)];
  return {
    "RateLimit-Policy": all.map((items) => items["RateLimit-Policy"]).join(", "),
    RateLimit: all.map(({ RateLimit }) => RateLimit).join(", "),
  };
}

function itemsOf(state: RateLimitState): RateLimitFields {
  const { policy, capacity, windowSeconds, remaining, resetSeconds } = state;
  const name = fieldString(policy);
  const reset = resetSeconds === undefined ? "" : `;t=${resetSeconds}`;
  return {
    "RateLimit-Policy": `${name};q=${capacity};w=${windowSeconds}`,
    RateLimit: `${name};r=${remaining}${reset}`,
  };
}
