/** `DELETE /buckets/NAME`: refuses all waiters of a bucket and forgets it. */
import type { Call } from "./call.ts";
export declare const reset: Call;
