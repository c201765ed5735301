/**
 * A refusal as the answer to a caller of one's own: the problem document (RFC 9457) that Sluice itself
 * answers with, member for member, so that whoever understands the one understands the other.
 */
import type { FieldFault } from "../../core/policy.ts";
import type { ProblemBody } from "../../protocol/problem-document.ts";
import type { Refused } from "../acquire-outcome.ts";

import { refusalKinds } from "../../protocol/reasons.ts";
import { rateLimitFields } from "../../protocol/rate-limit-fields.ts";

/**
 * The response that says it: 429 with `timeout` and `queue-full`, 422 with `exceeds-capacity`, 499 with
 * `cancelled`, 503 with `bucket-reset` and `unavailable`; never cached, with `Retry-After` where waiting
 * helps, and with the `RateLimit` fields where the bucket is known.
 */
export function refusalResponse(refusal: Refused): Response {
  const { reason, detail, retryAfterMs, violatedPolicies, rateLimit } = refusal;
  return problemResponse(
    reason,
    {
      detail,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(violatedPolicies && { "violated-policies": violatedPolicies }),
    },
    rateLimit && rateLimitFields(rateLimit),
  );
}

/** `400`: what is asked for can be asked of no bucket, as every fault says. */
export function invalidRequestResponse(errors: readonly FieldFault[]): Response {
  const detail = errors.map(({ message }) => message).join("; ");
  return problemResponse("invalid-request", { detail, errors });
}

/** `503`: whether there are tokens could not be found out. */
export function faultResponse(): Response {
  return problemResponse("unavailable", { detail: "The rate limit of this service failed" });
}

function problemResponse(
  reason: keyof typeof refusalKinds,
  details: Omit<ProblemBody, "type" | "title" | "status" | "reason">,
  fields?: Record<string, string>,
): Response {
  const { status, title, type = "about:blank" } = refusalKinds[reason];
  const { detail, retryAfterMs, ...others } = details;
  const later = retryAfterMs !== undefined && { retryAfterMs };
  const body: ProblemBody = { type, title, status, detail, reason, ...later, ...others };
  const headers = {
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
    ...(retryAfterMs !== undefined && {
      "Retry-After": String(Math.max(1, Math.ceil(retryAfterMs / 1000))),
    }),
    ...fields,
  };
  // A line of its own in a shell, as Sluice's own.
  return new Response(`${JSON.stringify(body)}\n`, { status, headers });
}
