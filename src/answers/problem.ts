/**
 * Refusals as they are sent, in a response or on a session. All of them are made here, the Worker's and the object's,
 * so this is also where they are logged.
 */
import type { ProblemBody, ProblemDetails } from "../protocol/problem-document.ts";
import type { Reason } from "../protocol/reasons.ts";

import { problemBody, problemDocument } from "../protocol/problem-document.ts";
import { COMMON_FIELDS } from "./common-fields.ts";
import { logRefusal } from "./refusal-log.ts";

/** A problem, and what only its response and the log need. */
export interface LoggedProblem extends ProblemDetails {
  /** For the log: name of the bucket's policy. */
  readonly policy?: string;
  readonly headers?: Record<string, string>;
}

/** The response for `reason`: never cached, and with `Retry-After` if waiting helps. */
export function problemResponse(
  reason: Reason,
  { policy, headers, ...details }: LoggedProblem,
): Response {
  const { violatedPolicies } = details;
  logRefusal({ reason, policy, violatedPolicies });
  const document = problemDocument(reason, details);
  return new Response(document.text, {
    status: document.status,
    headers: { ...COMMON_FIELDS, ...document.headers, ...headers },
  });
}

/** The body of a message for `reason`. */
export function problemMessage(
  reason: Reason,
  { policy, ...details }: Omit<LoggedProblem, "headers">,
): ProblemBody {
  const { violatedPolicies } = details;
  logRefusal({ reason, policy, violatedPolicies });
  return problemBody(reason, details);
}
