/** The Worker's main module: entrypoints only, as the runtime demands. The package's entry `sluice/worker`. */
import type { SluiceEnv } from "./edge/env.ts";

import { routes } from "./edge/routes.ts";

export type { SluiceEnv } from "./edge/env.ts";

export { BucketObject } from "./bucket/bucket-object.ts";
export { Sluice } from "./edge/sluice.ts";

export default { fetch: routes.fetch } satisfies ExportedHandler<SluiceEnv>;
