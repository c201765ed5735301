export { createTokenBucketFilter } from "./token-bucket-filter.js";
export { PermitLostError } from "../holding/permit-lost-error.js";
export { withHold, withPermit } from "./with-hold.js";
