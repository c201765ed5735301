/** Entry point of the package: `sluice/hono`. */
export type { Client } from "../client/client.ts";
export type { HonoRateLimitOptions, RateLimitVariables } from "./rate-limit.ts";
export { addressKey } from "../client/middleware/address-key.ts";
export { bucketName } from "../client/middleware/bucket-name.ts";
export { rateLimit } from "./rate-limit.ts";
