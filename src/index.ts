/** The Worker's main module: entrypoints only, as the runtime demands. */
import { routes } from "./edge/routes.ts";

export { BucketObject } from "./edge/bucket-object.ts";
export { Sluice } from "./edge/sluice.ts";

export default { fetch: routes.fetch } satisfies ExportedHandler<Env>;
