/**
 * The Worker's main module, the package's entry `sluice/worker`. The runtime requires that it
 * export entrypoints only.
 */
import type { SluiceEnv } from "./worker/config/env.ts";
export type { SluiceEnv } from "./worker/config/env.ts";
export { BucketObject } from "./bucket/bucket-object.ts";
export { Sluice } from "./worker/rpc.ts";
declare const _default: {
    fetch: (request: Request, env: SluiceEnv, ctx?: ExecutionContext) => Response | Promise<Response>;
};
export default _default;
