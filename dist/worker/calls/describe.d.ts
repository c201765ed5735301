/** `GET /openapi.json` and `GET /docs`: the description of the HTTP interface, for programs and for people. */
import type { Call } from "./call.ts";
export declare const describe: Call;
export declare const describeAsPage: Call;
