import type { Call } from "./call.ts";
export declare const cancel: Call;
