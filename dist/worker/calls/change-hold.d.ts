/** `POST /buckets/NAME/holds/ID`: settles a hold, spends a part of it, or extends it. */
import type { Call } from "./call.ts";
export declare const changeHold: Call;
