/** `DELETE /buckets/NAME/waiters/ID`: takes a caller out of a bucket's queue. */
import type { Call } from "./call.ts";
export declare const removeWaiter: Call;
