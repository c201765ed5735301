/**
 * A Worker whose routes are limited by Sluice, which is bound to it as `SLUICE`. Each route shows one way to
 * limit. In your own project, import from "sluice/hono" and "sluice/client".
 */
import { Hono } from "hono";

import { addressKey, bucketName, createClient } from "../../src/client/index.ts";
import { rateLimit, type RateLimitVariables } from "../../src/hono/index.ts";

interface Bindings {
  readonly SLUICE: Fetcher;
}

const app = new Hono<{ Bindings: Bindings; Variables: RateLimitVariables }>();

/** The outcomes that shadow mode has reported to this isolate. */
const shadow = { granted: 0, waited: 0, refused: 0 };

app.get("/healthz", (c) => c.json({ status: "ok" }));

// Fails fast: five tries, then one a minute, for each IPv4 address or IPv6 /64.
app.post(
  "/login",
  rateLimit({ bucket: (c) => bucketName("login", addressKey(c.req.header("CF-Connecting-IP"))) }),
);
app.post("/login", (c) => c.json({ error: "wrong password" }, 403));

// Waits for up to ten seconds. A search costs as many tokens as it says. Internal calls are skipped.
app.use(
  "/api/*",
  rateLimit({
    bucket: (c) => bucketName("api", c.req.header("X-Customer")),
    tokens: (c) => Number(c.req.query("cost") ?? 1),
    waitMs: (c) => Number(c.req.query("wait") ?? 10_000),
    skip: (c) => c.req.header("X-Internal") === "yes",
  }),
);
app.get("/api/search", (c) => c.json({ waitedMs: c.var.rateLimit?.waitedMs ?? null }));
// A response from another service gets the RateLimit headers, too.
app.get("/api/elsewhere", (c) => c.env.SLUICE.fetch("https://sluice/healthz"));
app.get("/api/fault", () => {
  throw new Error("of the handler");
});

// Two limits: one for all callers, and one for each customer.
app.use("/both", rateLimit({ bucket: "both" }));
app.use("/both", rateLimit({ bucket: (c) => bucketName("api", c.req.header("X-Customer")) }));
app.get("/both", (c) => c.text("both"));

// A custom refusal.
app.use(
  "/page",
  rateLimit({
    bucket: "page",
    onRefused: (c, { retryAfterMs = 0 }) => {
      c.header("Retry-After", String(Math.ceil(retryAfterMs / 1_000)));
      return c.html("<h1>Too many of you</h1>", 429);
    },
  }),
);
app.get("/page", (c) => c.html("<h1>Welcome</h1>"));

// Dry run: limits no one, and counts what would have happened.
app.use(
  "/soon",
  rateLimit({
    bucket: "soon",
    waitMs: 1_500,
    shadow: true,
    onOutcome: (_, outcome) => {
      if (!outcome.ok) shadow.refused += 1;
      else if (outcome.waitedMs > 0) shadow.waited += 1;
      else shadow.granted += 1;
    },
  }),
);
app.get("/soon", (c) => c.text("soon"));
app.get("/report", (c) => c.json(shadow));

// If Sluice is unavailable: fail open, or fail closed.
app.use("/open", rateLimit({ bucket: "open", onUnavailable: "open", retryForMs: 200 }));
app.get("/open", (c) => c.text("open"));
app.use(
  "/closed",
  rateLimit({
    bucket: "closed",
    client: (c) =>
      createClient({ service: c.env.SLUICE, onUnavailable: "closed", retryForMs: 200 }),
  }),
);
app.get("/closed", (c) => c.text("closed"));

export default app;
