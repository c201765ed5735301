/**
 * Refusals as they are sent, in a response or on a session. All of them are made here, the Worker's and the object's,
 * so this is also where they are logged.
 */
import type { ProblemBody, ProblemDetails } from "../protocol/problem-document.ts";
import type { Reason } from "../protocol/reasons.ts";
/** A problem, and what only its response and the log need. */
export interface LoggedProblem extends ProblemDetails {
    /** For the log: name of the bucket's policy. */
    readonly policy?: string;
    readonly headers?: Record<string, string>;
}
/** The response for `reason`: never cached, and with `Retry-After` if waiting helps. */
export declare function problemResponse(reason: Reason, { policy, headers, ...details }: LoggedProblem): Response;
/** The body of a message for `reason`. */
export declare function problemMessage(reason: Reason, { policy, ...details }: Omit<LoggedProblem, "headers">): ProblemBody;
