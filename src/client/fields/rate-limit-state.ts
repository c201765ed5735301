/**
 * Reads the `RateLimit` and `RateLimit-Policy` fields of Sluice's answers, so that a client knows what the
 * service says about a bucket.
 */
import type { RateLimitState } from "../../protocol/rate-limit-fields.ts";

import { parseFieldList } from "./field-list.ts";

/** Reads the fields of an answer; `undefined` if they are missing or incomplete. */
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

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
