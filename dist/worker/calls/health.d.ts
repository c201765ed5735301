/** `GET /healthz`: whether the Worker answers. */
import type { Call } from "./call.ts";
export declare const health: Call;
