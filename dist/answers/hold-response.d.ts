/** What a holder's call comes to as an HTTP response. */
import type { HoldAnswer, PermitAnswer } from "../core/holds/hold-call.ts";
/** The response to the holder of a hold. */
export declare function holdResponse(answer: HoldAnswer): Response;
/** The response to the holder of a permit that extends it. */
export declare function permitResponse(answer: PermitAnswer): Response;
