/**
 * Turns a refusal into the answer to your own caller: the same problem document (RFC 9457) that
 * Sluice sends, member for member, so that one parser handles both.
 */
import type { FieldFault } from "../../core/values.ts";
import type { Refused } from "../acquire-outcome.ts";
/**
 * Returns the response for a refusal: 429 for `timeout`, `queue-full` and `holds-full`, 422 for
 * `exceeds-capacity`, 499 for `cancelled`, 503 for `bucket-reset`, `cancelled-by-admin` and `unavailable`. It is
 * never cached, carries `Retry-After` if a retry can succeed, and the `RateLimit` fields if the state of
 * the bucket is known.
 *
 * @example
 * const outcome = await sluice.acquire("exports");
 * if (!outcome.ok) return refusalResponse(outcome);
 */
export declare function refusalResponse(refusal: Refused): Response;
/** Status 400: no bucket could grant the request; `errors` lists every fault. */
export declare function invalidRequestResponse(errors: readonly FieldFault[]): Response;
/** Status 503: the rate limit could not be checked. */
export declare function faultResponse(): Response;
