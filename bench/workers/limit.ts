/** The case `limit`: what the runtime serves where a Worker answers by itself. Never deployed. */
import { DurableObject } from "cloudflare:workers";

import { granted, type BareEnv } from "./answer.ts";

/** Bound by the configuration, and not used. */
export class BucketObject extends DurableObject<BareEnv> {}

export default {
  fetch: (_request, env) => granted(env),
} satisfies ExportedHandler<BareEnv>;
