import { Hono } from "hono";
import { rateLimit, type RateLimitVariables } from "sluice/hono";
import sluice, { type SluiceEnv } from "sluice/worker";

export { BucketObject, Sluice } from "sluice/worker";

interface AppEnv {
  Bindings: SluiceEnv;
  Variables: RateLimitVariables;
}

/** An app with its limiter in the same Worker, and two routers in one bundle. */
const app = new Hono<AppEnv>();
app.use("/hello", rateLimit<AppEnv>({ bucket: "hello", waitMs: 0 }));
app.get("/hello", (c) => c.text(`hello ${c.var.rateLimit?.ok}`));
app.notFound((c) => sluice.fetch(c.req.raw, c.env));

export default app;
