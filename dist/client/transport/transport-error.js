/** Failures on the way to Sluice, or of Sluice itself, that say nothing about the request. */
import { SluiceError } from "../sluice-error.js";
/** An attempt failed for a reason that may not affect the next one. */
export class TransportError extends Error {
    name = "TransportError";
    status;
    retryAfterMs;
    isSilence;
    wastedMs;
    constructor(fields) {
        const { detail, status, retryAfterMs, isSilence = false, wastedMs, cause } = fields;
        super(detail, { cause });
        this.status = status;
        this.retryAfterMs = retryAfterMs;
        this.isSilence = isSilence;
        this.wastedMs = wastedMs;
    }
}
/** The error that a caller gets for such a failure. */
export function unavailableError({ message, status, cause }) {
    return new SluiceError({ reason: "unavailable", detail: message, status, cause });
}
