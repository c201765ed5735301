/** `DELETE /buckets/NAME/holds/ID`: settles a hold of which nothing was used. */
import type { Call } from "./call.ts";
export declare const dropHold: Call;
