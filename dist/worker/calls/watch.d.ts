/** `GET /buckets/NAME/watch`: a bucket's events over a WebSocket. */
import type { Call } from "./call.ts";
export declare const watch: Call;
