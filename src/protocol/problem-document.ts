/** Problem documents (RFC 9457), which say what went wrong to programs and people alike. */
import type { FieldFault } from "../core/policy.ts";
import type { Reason } from "./reasons.ts";

/** A problem document as Sluice writes it. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly reason: Reason;
  /** With `invalid-request`: every fault. */
  readonly errors?: readonly FieldFault[];
  /** Present when waiting helps. */
  readonly retryAfterMs?: number;
  /** With status 429: names of the policies that refused. */
  readonly "violated-policies"?: readonly string[];
}
