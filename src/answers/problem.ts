/**
 * Refusals as problem documents (RFC 9457): the one place that knows which reason has which status, and
 * that all of them go through, those of the Worker and those of the object. So they are logged here.
 */
import type { FieldFault } from "../core/policy.ts";
import type { ProblemBody } from "../protocol/problem-document.ts";
import type { ProblemKind, Reason } from "../protocol/reasons.ts";

import { refusalKinds } from "../protocol/reasons.ts";
import { COMMON_FIELDS } from "./common-fields.ts";
import { jsonText } from "./json-text.ts";
import { ceilSeconds } from "../protocol/rate-limit-fields.ts";
import { logRefusal } from "./refusal-log.ts";

/** The kind of each reason. */
export const problemKinds: Readonly<Record<Reason, ProblemKind>> = {
  ...refusalKinds,
  unauthorized: { status: 401, title: "Unauthorized" },
  "admin-disabled": { status: 403, title: "Admin calls are disabled" },
  "origin-not-allowed": { status: 403, title: "Origin is not allowed" },
  "unknown-bucket": { status: 404, title: "Unknown bucket" },
  "not-found": { status: 404, title: "Not found" },
  "method-not-allowed": { status: 405, title: "Method not allowed" },
  "body-too-large": { status: 413, title: "Body too large" },
  "host-not-allowed": { status: 421, title: "Host is not allowed" },
  "idempotency-key-reused": { status: 422, title: "Idempotency key was used for another request" },
  "upgrade-required": { status: 426, title: "Upgrade required" },
  "watchers-full": { status: 503, title: "Bucket is watched by too many" },
  "illegal-configuration": { status: 500, title: "Illegal configuration" },
  "internal-error": { status: 500, title: "Internal error" },
};

/** What a problem says beyond its reason. */
export interface ProblemDetails {
  /** One sentence with the values and limits, without a full stop. */
  readonly detail: string;
  readonly errors?: readonly FieldFault[];
  readonly retryAfterMs?: number;
  /** With status 429: name of the policy that said no. */
  readonly violatedPolicy?: string;
  /** For the log, where it is not a violated one: name of the policy of the bucket. */
  readonly policy?: string;
  readonly headers?: Record<string, string>;
}

/** The response for `reason`: never cached, and with `Retry-After` where waiting helps. */
export function problemResponse(reason: Reason, details: ProblemDetails): Response {
  const { status, title, type = "about:blank" } = problemKinds[reason];
  const { detail, errors, retryAfterMs, violatedPolicy } = details;
  logRefusal({ reason, policy: violatedPolicy ?? details.policy });
  const body: ProblemBody = {
    type,
    title,
    status,
    detail,
    reason,
    ...(errors && { errors }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(violatedPolicy !== undefined && { "violated-policies": [violatedPolicy] }),
  };
  const headers = {
    ...COMMON_FIELDS,
    "Content-Type": "application/problem+json",
    ...(retryAfterMs !== undefined && {
      "Retry-After": String(Math.max(1, ceilSeconds(retryAfterMs))),
    }),
    ...details.headers,
  };
  return new Response(jsonText(body), { status, headers });
}
