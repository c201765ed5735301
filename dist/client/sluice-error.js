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
export class SluiceError extends Error {
    name = "SluiceError";
    reason;
    /** One sentence with the values and limits, without a full stop. */
    detail;
    /** HTTP status of the answer; `undefined` if there was none. */
    status;
    /** With `invalid-request`: every fault found, one entry per field. */
    errors;
    constructor({ reason, detail, status, errors, cause }) {
        super(`${reason}: ${detail}`, cause === undefined ? undefined : { cause });
        this.reason = reason;
        this.detail = detail;
        this.status = status;
        this.errors = errors;
    }
}
