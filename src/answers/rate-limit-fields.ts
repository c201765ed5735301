/**
 * The text of the `RateLimit` and `RateLimit-Policy` fields
 * (draft-ietf-httpapi-ratelimit-headers-11), structured fields of RFC 9651.
 *
 * A policy's name is a pattern, which holds no quote, backslash or control character, so it is a
 * legal string of a structured field as it stands.
 */
import type { Policy } from "../core/policy.ts";

/** Whole seconds that are not too few. */
export function ceilSeconds(durationMs: number): number {
  return Math.ceil(durationMs / 1000);
}

/** Names of the fields, for `Access-Control-Expose-Headers`. */
export const EXPOSED_FIELDS = "RateLimit, RateLimit-Policy, Retry-After";

/**
 * Both fields for a bucket with `tokens` at hand and `untilTickMs` to its next tick. `q` is the
 * capacity, `w` the seconds in which an empty bucket fills, `r` the tokens, `t` the seconds to the
 * next tick, left out where the bucket is full; seconds are rounded up.
 */
export function rateLimitFields(
  name: string,
  policy: Policy,
  tokens: number,
  untilTickMs: number,
): Record<"RateLimit" | "RateLimit-Policy", string> {
  const untilTick = tokens < policy.capacity ? `;t=${ceilSeconds(untilTickMs)}` : "";
  return {
    "RateLimit-Policy": `"${name}";q=${policy.capacity};w=${ceilSeconds(policy.fillTimeMs)}`,
    RateLimit: `"${name}";r=${tokens}${untilTick}`,
  };
}
