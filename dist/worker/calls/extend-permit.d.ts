/** `PUT /buckets/NAME/permits/ID`: keeps a permit. */
import type { Call } from "./call.ts";
export declare const extendPermit: Call;
