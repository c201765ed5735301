/**
 * The case `limit, routed`: a Worker that answers by itself after it has been led there by Hono's router
 * and has read what any limiter has to read, the query and one header. What it is slower by than `limit` is
 * not Sluice's to save. Never deployed.
 */
import { DurableObject } from "cloudflare:workers";
import { Hono } from "hono";

import { granted, type BareEnv } from "./answer.ts";

/** Bound by the configuration, and not used. */
export class BucketObject extends DurableObject<BareEnv> {}

const app = new Hono<{ Bindings: BareEnv }>();
app.get("/healthz", (c) => granted(c.env));
app.get("/acquire", (c) => {
  const isAsked =
    c.req.queries()["bucket"] !== undefined && !c.req.raw.headers.has("Idempotency-Key");
  return isAsked ? granted(c.env) : c.notFound();
});

export default { fetch: app.fetch } satisfies ExportedHandler<BareEnv>;
