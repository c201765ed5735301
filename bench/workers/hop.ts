/**
 * The case `hop`: what the runtime serves if a Worker hands its request on to an object and passes the answer
 * back. Neither reads anything of the request, and the object stores nothing. Never deployed.
 *
 * A request that is handed on brings its headers and its signal along. An object that needs neither can be
 * called more cheaply: see hop-by-url.ts.
 */
import { DurableObject } from "cloudflare:workers";

import { granted, type BareEnv } from "./answer.ts";

/** Under the name that the configuration binds. */
export class BucketObject extends DurableObject<BareEnv> {
  override fetch(): Response {
    return granted(this.env);
  }
}

export default {
  fetch: (request, env) => env.BUCKETS.getByName("bench").fetch(request),
} satisfies ExportedHandler<BareEnv>;
