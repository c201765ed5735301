import type { Call } from "./call.ts";
export declare const scrape: Call;
