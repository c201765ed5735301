/** `DELETE /buckets/NAME/permits/ID`: gives a permit back. */
import type { Call } from "./call.ts";
export declare const releasePermit: Call;
