/**
 * A refusal as the answer to a caller of one's own: the problem document (RFC 9457) that Sluice itself
 * answers with, member for member, so that whoever understands the one understands the other.
 */
import type { ProblemBody } from "../protocol.ts";
import type { Refused } from "./acquire-outcome.ts";

import { refusalKinds } from "../protocol.ts";
import { rateLimitStateFields } from "./rate-limit-state.ts";

/**
 * The response that says it: 429 with `timeout` and `queue-full`, 422 with `exceeds-capacity`, 499 with
 * `cancelled`, 503 with `bucket-reset` and `unavailable`; never cached, with `Retry-After` where waiting
 * helps, and with the `RateLimit` fields where the bucket is known.
 */
export function refusalResponse(refusal: Refused): Response {
  const { reason, detail, retryAfterMs, violatedPolicies, rateLimit } = refusal;
  const { status, title, type = "about:blank" } = refusalKinds[reason];
  const body: ProblemBody = {
    type,
    title,
    status,
    detail,
    reason,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(violatedPolicies && { "violated-policies": violatedPolicies }),
  };
  const headers = {
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
    ...(retryAfterMs !== undefined && {
      "Retry-After": String(Math.max(1, Math.ceil(retryAfterMs / 1000))),
    }),
    ...(rateLimit && rateLimitStateFields(rateLimit)),
  };
  // A line of its own in a shell, as Sluice's own.
  return new Response(`${JSON.stringify(body)}\n`, { status, headers });
}
