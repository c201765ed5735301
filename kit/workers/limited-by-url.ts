/**
 * A Worker whose requests wait for tokens from a Sluice that it reaches by URL, in responses that send
 * nothing meanwhile: only the Worker can tell that a caller has left. Never deployed. The path names the
 * bucket.
 */
import { DurableObject } from "cloudflare:workers";

import { createClient, withRateLimit, type Client } from "../../src/client/index.ts";

interface LimitedEnv {
  readonly SLUICE_URL: string;
}

/** Has the name that the configuration binds; never called. */
export class BucketObject extends DurableObject {}

function clientOf({ SLUICE_URL }: LimitedEnv): Client {
  return createClient({
    url: SLUICE_URL,
    fetch: (url, { headers: { Accept: _, ...headers }, ...init }) =>
      fetch(url, { ...init, headers }),
  });
}

const limited = withRateLimit<Request, LimitedEnv, ExecutionContext>(() => new Response("passed"), {
  client: ({ env }) => clientOf(env),
  bucket: ({ request }) => new URL(request.url).pathname.slice(1),
  waitMs: 30_000,
  skip: ({ request }) => new URL(request.url).pathname === "/healthz",
});

export default { fetch: limited } satisfies ExportedHandler<LimitedEnv>;
