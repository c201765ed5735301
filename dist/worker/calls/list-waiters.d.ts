/** `GET /buckets/NAME/waiters`: who waits in a bucket's queue. */
import type { Call } from "./call.ts";
export declare const listWaiters: Call;
