/** The one error of a client's own. */
import type { FieldFault } from "../core/policy.ts";
import type { Reason } from "../protocol/reasons.ts";

/**
 * Why a call failed: what the service says, or `unexpected-answer` where what answers is no Sluice, or
 * one of another time.
 */
export type SluiceErrorReason = Reason | "unexpected-answer";

/** What a `SluiceError` is made of. */
export interface SluiceErrorFields {
  readonly reason: SluiceErrorReason;
  readonly detail: string;
  readonly status?: number | undefined;
  readonly errors?: readonly FieldFault[] | undefined;
  readonly cause?: unknown;
}

/**
 * The service says that the call is wrong or not allowed, or (`unavailable`) could not be reached.
 *
 * To be matched by `name`, which is "SluiceError": where it comes over RPC it is an `Error` with the same
 * members, and not of this class.
 *
 * @example
 * if (error instanceof Error && error.name === "SluiceError") console.error(error.message);
 * // unauthorized: A valid token is required: Authorization: Bearer …
 */
export class SluiceError extends Error {
  override readonly name = "SluiceError";
  readonly reason: SluiceErrorReason;
  /** One sentence with the values and limits, without a full stop. */
  readonly detail: string;
  /** The status of the answer; `undefined` where there was none. */
  readonly status: number | undefined;
  /** With `invalid-request`: every fault. */
  readonly errors: readonly FieldFault[] | undefined;

  constructor({ reason, detail, status, errors, cause }: SluiceErrorFields) {
    super(`${reason}: ${detail}`, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.detail = detail;
    this.status = status;
    this.errors = errors;
  }
}
