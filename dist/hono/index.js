export { addressKey } from "../client/middleware/address-key.js";
export { bucketName } from "../client/middleware/bucket-name.js";
export { rateLimit } from "./rate-limit.js";
