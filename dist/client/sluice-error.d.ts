/** The error class a client throws. */
import type { FieldFault } from "../core/values.ts";
import type { Reason } from "../protocol/reasons.ts";
/**
 * Why a call failed: the service's own reason, or `unexpected-answer` if something other than
 * Sluice answered, or a version of Sluice this client doesn't understand.
 */
export type SluiceErrorReason = Reason | "unexpected-answer";
/** Fields of a `SluiceError`. */
export interface SluiceErrorFields {
    readonly reason: SluiceErrorReason;
    readonly detail: string;
    readonly status?: number | undefined;
    readonly errors?: readonly FieldFault[] | undefined;
    readonly cause?: unknown;
}
/**
 * The service rejected the call as wrong or not allowed, or (`unavailable`) could not be reached.
 *
 * Match it by `name`, which is "SluiceError": across RPC it arrives as a plain `Error` with the
 * same properties, not as an instance of this class.
 *
 * @example
 * if (error instanceof Error && error.name === "SluiceError") console.error(error.message);
 * // unauthorized: Missing API key: send Authorization: Bearer KEY
 */
export declare class SluiceError extends Error {
    readonly name = "SluiceError";
    readonly reason: SluiceErrorReason;
    /** One sentence with the values and limits, without a full stop. */
    readonly detail: string;
    /** HTTP status of the answer; `undefined` if there was none. */
    readonly status: number | undefined;
    /** With `invalid-request`: every fault found, one entry per field. */
    readonly errors: readonly FieldFault[] | undefined;
    constructor({ reason, detail, status, errors, cause }: SluiceErrorFields);
}
