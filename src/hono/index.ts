/** The package's entry `sluice/hono`. */
export type { Client } from "../client/client.ts";
export type { HonoRateLimitOptions, RateLimitVariables } from "./rate-limit.ts";

export { rateLimit } from "./rate-limit.ts";
