/**
 * A Worker whose routes are limited by the Sluice that is part of it. Each route shows one way to limit. In
 * your own project, import from "sluice/hono", "sluice/client" and "sluice/worker".
 */
import { exports } from "cloudflare:workers";
import { Hono, type MiddlewareHandler } from "hono";

import { addressKey, bucketName, createClient, type Client } from "../../src/client/index.ts";
import { rateLimit, type RateLimitVariables } from "../../src/hono/index.ts";
import sluice, { type SluiceEnv } from "../../src/index.ts";

// The limiter. With these exports it needs no binding: the middleware finds them.
export { BucketObject, Sluice } from "../../src/index.ts";

interface AppEnv {
  Bindings: SluiceEnv & { readonly CUSTOMERS: Readonly<Record<string, string>> };
  Variables: RateLimitVariables & { customer: string };
}

const app = new Hono<AppEnv>();

/** The outcomes that shadow mode has reported to this isolate. */
const shadow = { granted: 0, waited: 0, refused: 0 };

/** Limits have to be about customers who are known: anyone may send any other header. */
const authenticate: MiddlewareHandler<AppEnv> = async (c, next) => {
  const customers = new Map(Object.entries(c.env.CUSTOMERS));
  const customer = customers.get(c.req.header("Authorization")?.replace("Bearer ", "") ?? "");
  if (customer === undefined) return c.json({ error: "Unknown API key" }, 401);
  c.set("customer", customer);
  return next();
};

app.get("/healthz", (c) => c.json({ status: "ok" }));

// Fails fast: five tries, then one a minute, for each IPv4 address or IPv6 /64.
app.post(
  "/login",
  rateLimit({ bucket: (c) => bucketName("login", addressKey(c.req.header("CF-Connecting-IP"))) }),
);
app.post("/login", (c) => c.json({ error: "wrong password" }, 403));

// Waits for up to ten seconds. A search costs as many tokens as it says. Staff is not limited.
app.use(
  "/api/*",
  authenticate,
  rateLimit<AppEnv>({
    bucket: (c) => bucketName("api", c.var.customer),
    tokens: (c) => Number(c.req.query("cost") ?? 1),
    waitMs: (c) => Number(c.req.query("wait") ?? 10_000),
    skip: (c) => c.var.customer === "staff",
  }),
);
app.get("/api/search", (c) => c.json({ waitedMs: c.var.rateLimit?.waitedMs ?? null }));
// A response from another service gets the RateLimit headers, too.
app.get("/api/elsewhere", () => exports.Sluice.fetch("https://sluice/healthz"));
app.get("/api/fault", () => {
  throw new Error("of the handler");
});

// Two limits: one for all callers, and one for each customer.
app.use("/both", authenticate, rateLimit({ bucket: "both" }));
app.use("/both", rateLimit<AppEnv>({ bucket: (c) => bucketName("api", c.var.customer) }));
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
// A client of your own: exports aren't there yet while the module is loaded, so the first request makes it.
let closed: Client | undefined;
app.use(
  "/closed",
  rateLimit({
    bucket: "closed",
    client: () =>
      (closed ??= createClient({
        service: exports.Sluice,
        onUnavailable: "closed",
        retryForMs: 0, // between two Workers no connection breaks
      })),
  }),
);
app.get("/closed", (c) => c.text("closed"));

// Sluice answers all other paths: its pages, and its HTTP interface for other callers, which need an API key.
app.notFound((c) => sluice.fetch(c.req.raw, c.env));

export default app;
