import { routes } from "./worker/app.js";
export { BucketObject } from "./bucket/bucket-object.js";
export { Sluice } from "./worker/rpc.js";
export default { fetch: routes.fetch };
