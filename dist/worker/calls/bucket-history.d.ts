/** `GET /buckets/NAME/history`: what the last hour of a bucket was like. */
import type { Call } from "./call.ts";
export declare const bucketHistory: Call;
