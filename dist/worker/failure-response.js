/** The answers to a request that ends with an error. */
import { invalidRequestResponse } from "../answers/acquire-response.js";
import { problemResponse } from "../answers/problem.js";
import { clientClosedResponse } from "../protocol/client-closed.js";
import { BucketUnreachableError } from "../wire/call-with-retry.js";
import { BodyTooLargeError, JsonBodyError } from "./http/json-body.js";
import { UnreadableStateError } from "./unreachable-log.js";
/** When to retry if a bucket could not be reached: the platform needs about this long. */
const UNAVAILABLE_RETRY_MS = 1_000;
/** The answer to `caller`, whose call has thrown `error`. */
export function errorResponse(error, caller) {
    if (error instanceof JsonBodyError) {
        return invalidRequestResponse([{ field: "body", message: error.message }]);
    }
    if (error instanceof BodyTooLargeError) {
        return problemResponse("body-too-large", { detail: error.message });
    }
    if (caller?.signal.aborted)
        return clientClosedResponse();
    return failureResponse(error);
}
/** The answer to everyone while the configuration is illegal; `error` says what is wrong. */
export function illegalConfigurationResponse(error) {
    const detail = error instanceof Error ? error.message : String(error);
    return problemResponse("illegal-configuration", { detail });
}
/** The answer when Sluice itself fails. */
export function failureResponse(error) {
    // The log already has this error, with more details than are known here.
    if (error instanceof BucketUnreachableError) {
        const { cause } = error;
        const isDamaged = cause instanceof UnreadableStateError;
        const detail = isDamaged ? cause.message : "The bucket could not be reached";
        return problemResponse("unavailable", { detail, retryAfterMs: UNAVAILABLE_RETRY_MS });
    }
    console.error(error);
    return problemResponse("internal-error", { detail: "Sluice failed to handle this request" });
}
