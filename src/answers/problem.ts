/**
 * Refusals as responses. All of them are made here, the Worker's and the object's, so this is also where
 * they are logged.
 */
import type { ProblemDetails } from "../protocol/problem-document.ts";
import type { Reason } from "../protocol/reasons.ts";

import { problemDocument } from "../protocol/problem-document.ts";
import { COMMON_FIELDS } from "./common-fields.ts";
import { logRefusal } from "./refusal-log.ts";

/** A problem, and what only its response and the log need. */
export interface LoggedProblem extends Omit<ProblemDetails, "violatedPolicies"> {
  /** With status 429: name of the policy that refused. */
  readonly violatedPolicy?: string;
  /** For the log, if no policy was violated: name of the bucket's policy. */
  readonly policy?: string;
  readonly headers?: Record<string, string>;
}

/** The response for `reason`: never cached, and with `Retry-After` if waiting helps. */
export function problemResponse(
  reason: Reason,
  { violatedPolicy, policy, headers, ...details }: LoggedProblem,
): Response {
  logRefusal({ reason, policy: violatedPolicy ?? policy });
  const violated = violatedPolicy !== undefined && { violatedPolicies: [violatedPolicy] };
  const document = problemDocument(reason, { ...details, ...violated });
  return new Response(document.text, {
    status: document.status,
    headers: { ...COMMON_FIELDS, ...document.headers, ...headers },
  });
}
