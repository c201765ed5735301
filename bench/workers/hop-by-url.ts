/**
 * The case `hop by URL`: `hop` with the least that an object can be called with. The Worker sends a URL that
 * never changes, without headers; a limiter has to say in it which bucket and how many tokens. Never deployed.
 */
import type { BareEnv } from "./answer.ts";

/** Under the name that the configuration binds. */
export { BucketObject } from "./hop.ts";

const URL_OF_OBJECT = "https://bucket/acquire";

export default {
  fetch: (_request, env) => env.BUCKETS.getByName("bench").fetch(URL_OF_OBJECT),
} satisfies ExportedHandler<BareEnv>;
