/**
 * A refusal as the answer to a caller of one's own: the problem document (RFC 9457) that Sluice itself
 * answers with, member for member, so that whoever understands the one understands the other.
 */
import type { ProblemBody } from "../protocol.ts";
import type { Refused, RefusalReason } from "./acquire-outcome.ts";

import { rateLimitStateFields } from "./rate-limit-state.ts";

const QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded";

const kinds: Record<RefusalReason, Pick<ProblemBody, "status" | "title" | "type">> = {
  timeout: { status: 429, title: "Cannot be granted in time", type: QUOTA_EXCEEDED },
  "queue-full": { status: 429, title: "Queue is full", type: QUOTA_EXCEEDED },
  "exceeds-capacity": {
    status: 422,
    title: "More tokens than the bucket can hold",
    type: "about:blank",
  },
  "bucket-reset": { status: 503, title: "Bucket was reset", type: "about:blank" },
  unavailable: { status: 503, title: "Bucket is unavailable", type: "about:blank" },
};

/**
 * The response that says it: 429 with `timeout` and `queue-full`, 422 with `exceeds-capacity`, 503 with
 * `bucket-reset` and `unavailable`; never cached, with `Retry-After` where waiting helps, and with the
 * `RateLimit` fields where the bucket is known.
 */
export function refusalResponse(refusal: Refused): Response {
  const { reason, detail, retryAfterMs, violatedPolicies, rateLimit } = refusal;
  const { status, title, type } = kinds[reason];
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
  return new Response(JSON.stringify(body), { status, headers });
}
