/** Why Sluice says no. */
import type { LimiterReason } from "../core/outcome.ts";

/**
 * Why Sluice said no, in the `reason` member of the problem document. Closed: a switch over it is
 * exhaustive.
 */
export type Reason =
  | LimiterReason
  | "invalid-request"
  | "unauthorized"
  | "admin-disabled"
  | "unknown-bucket"
  | "not-found"
  | "method-not-allowed"
  | "idempotency-key-reused"
  | "body-too-large"
  | "upgrade-required"
  | "origin-not-allowed"
  | "host-not-allowed"
  | "watchers-full"
  | "cancelled"
  | "illegal-configuration"
  | "internal-error";

/** What is the same in all problem documents of a reason. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** Default: `about:blank`. */
  readonly type?: string;
}

const QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded";

/** The kinds of those refusals that a client hands on: whoever passes one on says what Sluice said. */
export const refusalKinds: Readonly<
  Record<LimiterReason | "cancelled" | "invalid-request", ProblemKind>
> = {
  "invalid-request": { status: 400, title: "Invalid request" },
  "exceeds-capacity": { status: 422, title: "More tokens than the bucket can hold" },
  timeout: { status: 429, title: "Cannot be granted in time", type: QUOTA_EXCEEDED },
  "queue-full": { status: 429, title: "Queue is full", type: QUOTA_EXCEEDED },
  "bucket-reset": { status: 503, title: "Bucket was reset" },
  cancelled: { status: 499, title: "Request was cancelled" },
  unavailable: { status: 503, title: "Bucket is unavailable" },
};
