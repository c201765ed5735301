/** The result of an acquire as an HTTP response. */
import type { FieldFault } from "../core/values.ts";
import type { AcquireAnswer } from "./acquire-answer.ts";
import type { Granted, Refused } from "./acquire-result.ts";
/** The response for the result of an acquire. */
export declare function acquireResponse(answer: AcquireAnswer): Response;
/** `400`, naming every fault. */
export declare function invalidRequestResponse(errors: readonly FieldFault[]): Response;
/** The response for a refusal. */
export declare function refusedResponse({ reason, details, bucket }: Refused): Response;
/** The response for a grant. */
export declare function grantedResponse(granted: Granted): Response;
