import { SluiceError } from "./sluice-error.js";
/** Whether an acquire has failed because its bucket doesn't have a limit that it names. */
export function isUnknownLimit(error) {
    if (!(error instanceof SluiceError) || error.reason !== "invalid-request")
        return false;
    return error.errors?.some(isOfLimit) ?? false;
}
/** The same error with the bucket's name and what to do; any other error as it is. */
export function explainUnknownLimit(error, bucket) {
    if (!(error instanceof SluiceError) || !isUnknownLimit(error))
        return error;
    const { reason, status, errors } = error;
    const next = "name limits that its policy has, or add them to it";
    const detail = `Cannot acquire from bucket ${bucket}: ${error.detail}; ${next}`;
    return new SluiceError({ reason, detail, status, errors, cause: error });
}
/** Tokens of single limits are checked before they are sent, so only the limit itself can be at fault. */
function isOfLimit({ field }) {
    return field.startsWith("tokens.");
}
