import type { Deployment } from "../deployment.ts";
import type { Parameter } from "../pages/openapi-types.ts";
import type { Call } from "./call.ts";
/** The header with the key. */
export declare const idempotencyKeyParameter: Parameter;
/** The fields as parameters of a query. */
export declare const acquireQuery: readonly Parameter[];
export declare const acquireByGet: Call;
export declare const acquireByPost: Call;
/**
 * Answers a `GET /acquire` as nearly every caller sends it: an address with nothing but the three parameters in
 * this order, and headers that ask for a plain answer. `undefined` for any other request, which goes to the
 * router and gets the answer that this would give: anything that looks odd here need not be understood here.
 *
 * What it costs, measured on workerd in processor time: method and URL next to nothing, and matching the URL
 * 0.1 µs. The first look at `headers` costs 0.9 µs, because the runtime makes an object then, and each header
 * 0.2 to 0.3 µs more. So only those are looked at that may change the answer: `Accept` (a stream?),
 * `Idempotency-Key` and `Sluice-Ticket`; `Authorization` only if acquiring needs a token. The host's name is in the URL. `Origin`
 * matters under `CORS_ORIGINS` alone, and such deployments have no fast lane.
 */
export declare function acquireAtOnce(deployment: Deployment, request: Request): Response | Promise<Response> | undefined;
