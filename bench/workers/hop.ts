/**
 * The case `hop`: what the runtime serves where a Worker asks an object and passes its answer on. Neither
 * reads the request, and the object stores nothing: no design with an object a request can be faster.
 * Never deployed.
 */
import { DurableObject } from "cloudflare:workers";

import { granted, isHealthCheck, type BareEnv } from "./answer.ts";

/** Under the name that the configuration binds. */
export class BucketObject extends DurableObject<BareEnv> {
  override fetch(): Response {
    return granted(this.env);
  }
}

export default {
  fetch(request, env) {
    if (isHealthCheck(request)) return granted(env);
    return env.BUCKETS.get(env.BUCKETS.idFromName("bench")).fetch(request);
  },
} satisfies ExportedHandler<BareEnv>;
