import { Hono } from "hono";
import { addressKey, bucketName, rateLimit } from "sluice/hono";
import sluice, { type SluiceEnv } from "sluice/worker";

// The limiter. The middleware finds it here.
export { BucketObject, Sluice } from "sluice/worker";

const app = new Hono<{ Bindings: SluiceEnv }>();

app.use(
  "/api/*",
  rateLimit({
    // A bucket for each address. Where you authenticate callers, use their id instead.
    bucket: (c) => bucketName("api", addressKey(c.req.header("CF-Connecting-IP"))),
    // A request that would wait for longer is refused with 429.
    waitMs: 2_000,
  }),
);
app.get("/api/hello", (c) => c.text("hello\n"));

// The rest goes to Sluice: its pages and its HTTP API.
app.notFound((c) => sluice.fetch(c.req.raw, c.env));

export default app;
