/**
 * Turns a refusal into the answer to your own caller: the same problem document (RFC 9457) that
 * Sluice sends, member for member, so that one parser handles both.
 */
import type { FieldFault } from "../../core/values.ts";
import type { ProblemDetails } from "../../protocol/problem-document.ts";
import type { Reason } from "../../protocol/reasons.ts";
import type { Refused } from "../acquire-outcome.ts";

import { problemDocument } from "../../protocol/problem-document.ts";
import { rateLimitFields } from "../../protocol/rate-limit-fields.ts";

/**
 * Returns the response for a refusal: 429 for `timeout`, `queue-full` and `holds-full`, 422 for
 * `exceeds-capacity`, 499 for `cancelled`, 503 for `bucket-reset`, `cancelled-by-admin` and `unavailable`. It is
 * never cached, carries `Retry-After` if a retry can succeed, and the `RateLimit` fields if the state of
 * the bucket is known.
 *
 * @example
 * const outcome = await sluice.acquire("exports");
 * if (!outcome.ok) return refusalResponse(outcome);
 */
export function refusalResponse(refusal: Refused): Response {
  const { reason, detail, retryAfterMs, estimate, violatedPolicies, rateLimit } = refusal;
  return problemResponse(
    reason,
    {
      detail,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      estimate,
      ...(violatedPolicies && { violatedPolicies }),
    },
    rateLimit && rateLimitFields(rateLimit),
  );
}

/** Status 400: no bucket could grant the request; `errors` lists every fault. */
export function invalidRequestResponse(errors: readonly FieldFault[]): Response {
  const detail = errors.map(({ message }) => message).join("; ");
  return problemResponse("invalid-request", { detail, errors });
}

/** Status 503: the rate limit could not be checked. */
export function faultResponse(): Response {
  return problemResponse("unavailable", { detail: "The rate limiter of this service failed" });
}

function problemResponse(
  reason: Reason,
  details: ProblemDetails,
  fields?: Record<string, string>,
): Response {
  const { status, headers, text } = problemDocument(reason, details);
  return new Response(text, {
    status,
    headers: { ...headers, "Cache-Control": "no-store", ...fields },
  });
}
