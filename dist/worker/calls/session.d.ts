/** `GET /buckets/NAME/session`: many acquires over one WebSocket. */
import type { Call } from "./call.ts";
export declare const session: Call;
