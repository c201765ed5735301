/**
 * The `RateLimit` and `RateLimit-Policy` fields (draft-ietf-httpapi-ratelimit-headers-11) of Sluice's
 * answers, read and written: a client reads what the service says of a bucket, a middleware passes it
 * on to the caller that it answers.
 */
import { parseFieldList } from "./field-list.ts";

/** What the `RateLimit` and `RateLimit-Policy` fields of an answer say of the bucket. */
export interface RateLimitState {
  /** The policy's name. */
  readonly policy: string;
  readonly capacity: number;
  /** In which an empty bucket fills: whole seconds, rounded up. */
  readonly windowSeconds: number;
  /** Tokens in the bucket, as of the answer. */
  readonly remaining: number;
  /** Until the next tick: whole seconds, rounded up. Left out where the bucket is full. */
  readonly resetSeconds?: number;
}

/** What the fields of an answer of Sluice say; `undefined` where they say nothing that is whole. */
export function readRateLimitState(fields: Pick<Headers, "get">): RateLimitState | undefined {
  const [policy] = parseFieldList(fields.get("RateLimit-Policy") ?? "");
  const [limit] = parseFieldList(fields.get("RateLimit") ?? "");
  if (!policy || !limit || policy.name !== limit.name) return undefined;
  const capacity = count(policy.parameters.get("q"));
  const windowSeconds = count(policy.parameters.get("w"));
  const remaining = count(limit.parameters.get("r"));
  const resetSeconds = count(limit.parameters.get("t"));
  if (capacity === undefined || windowSeconds === undefined || remaining === undefined) {
    return undefined;
  }
  return {
    policy: policy.name,
    capacity,
    windowSeconds,
    remaining,
    ...(resetSeconds !== undefined && { resetSeconds }),
  };
}

/** The fields that say this. */
export function rateLimitStateFields(
  state: RateLimitState,
): Record<"RateLimit" | "RateLimit-Policy", string> {
  const { policy, capacity, windowSeconds, remaining, resetSeconds } = state;
  const name = `"${policy.replaceAll(/["\\]/g, "\\$&")}"`;
  const reset = resetSeconds === undefined ? "" : `;t=${resetSeconds}`;
  return {
    "RateLimit-Policy": `${name};q=${capacity};w=${windowSeconds}`,
    RateLimit: `${name};r=${remaining}${reset}`,
  };
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
