/**
 * The HTTP interface: which call goes where, who may make it, and what is wrong with it. Everything
 * that can be said without the bucket's object is said here, so that bad input reaches no object. Only
 * the object knows whether the bucket has a policy of its own; so it says what that policy forbids:
 * more tokens than the capacity, a longer wait than `maxWaitMs`, more initial tokens than fit.
 */
import type { Context, MiddlewareHandler } from "hono";

import { Hono } from "hono";

import type { NamedPolicyFields } from "../protocol.ts";

import { readAcquireParams } from "./acquire-params.ts";
import { invalidRequestResponse } from "./acquire-response.ts";
import { carriesToken } from "./authorize.ts";
import { BUCKET_NAME_RULE, isBucketName } from "./bucket-name.ts";
import { BodyTooLargeError, JsonBodyError, readJsonObject } from "./json-body.ts";
import { problemResponse } from "./problem.ts";
import { UnreachableError } from "./reach.ts";
import { RemoteBucket } from "./remote-bucket.ts";
import { settingsOf } from "./settings.ts";
import { fieldFaults, showValue } from "../core/policy.ts";

/** A policy is six numbers; this is room for a hundred times as much. */
const LARGEST_BODY_BYTES = 16 * 1024;
/** When to come back to a bucket that could not be reached: the platform needs about this long. */
const UNAVAILABLE_RETRY_MS = 1_000;

type AppEnv = { Bindings: Env };
type AppContext = Context<AppEnv>;

/** The Worker's `fetch`, as a Hono application. */
export const routes = new Hono<AppEnv>();

routes.use(async (c, next) => {
  try {
    settingsOf(c.env);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return problemResponse("illegal-configuration", { detail });
  }
  return next();
});

routes.use("/healthz", allow("GET", "HEAD"));
routes.use("/acquire", allow("GET", "POST"));
routes.use("/buckets/:name", allow("GET", "HEAD", "PUT", "DELETE"));

routes.get("/healthz", (c) => c.json({ status: "ok" }, 200, { "Cache-Control": "no-store" }));

routes.get("/acquire", requireApiToken, (c) => acquire(c, {}));

routes.post("/acquire", requireApiToken, async (c) => {
  return acquire(c, await readJsonObject(c.req.raw, LARGEST_BODY_BYTES));
});

routes.get("/buckets/:name", requireApiToken, (c) =>
  withBucket(c, async (bucket) => json(await bucket.inspect())),
);

routes.put("/buckets/:name", requireAdminToken, (c) =>
  withBucket(c, async (bucket) => {
    const changes = await readJsonObject(c.req.raw, LARGEST_BODY_BYTES);
    const faults = fieldFaults(changes);
    if (faults.length > 0) return invalidRequestResponse(faults);
    const changed = await bucket.changePolicy(changes);
    return changed.ok ? json(changed.snapshot) : invalidRequestResponse(changed.errors);
  }),
);

routes.delete("/buckets/:name", requireAdminToken, (c) =>
  withBucket(c, async (bucket) => {
    await bucket.reset();
    return new Response(null, { status: 204, headers: { "Cache-Control": "no-store" } });
  }),
);

routes.notFound((c) => {
  return problemResponse("not-found", { detail: `There is nothing at ${showValue(c.req.path)}` });
});

routes.onError((error, c) => {
  if (error instanceof JsonBodyError) {
    return invalidRequestResponse([{ field: "body", message: error.message }]);
  }
  if (error instanceof BodyTooLargeError) {
    return problemResponse("body-too-large", { detail: error.message });
  }
  if (c.req.raw.signal.aborted) return new Response(null, { status: 499 });
  console.error(error);
  if (error instanceof UnreachableError) {
    const detail = "The bucket could not be reached";
    return problemResponse("unavailable", { detail, retryAfterMs: UNAVAILABLE_RETRY_MS });
  }
  return problemResponse("internal-error", { detail: "Sluice failed to handle this request" });
});

async function acquire(c: AppContext, body: Readonly<Record<string, unknown>>): Promise<Response> {
  const read = readAcquireParams(queryOf(c.req.url), body, c.req.raw.headers);
  if (!read.ok) return invalidRequestResponse(read.errors);
  const { bucket: name, ...asked } = read.params;
  const policy = settingsOf(c.env).policies.find(name);
  return policy ? remoteBucket(c, name, policy).acquire(asked) : unknownBucket(name);
}

/** The parameters in `url`, which need not be a legal one: its host is what the caller has sent. */
function queryOf(url: string): URLSearchParams {
  const [target = ""] = url.split("#");
  const start = target.indexOf("?");
  return new URLSearchParams(start < 0 ? "" : target.slice(start));
}

/** Lets these methods through. HEAD is not GET here: it would take tokens and not say so. */
function allow(...methods: string[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (methods.includes(c.req.method)) return next();
    const detail = `${showValue(c.req.method)} is not one of ${methods.join(", ")}`;
    return problemResponse("method-not-allowed", {
      detail,
      headers: { Allow: methods.join(", ") },
    });
  };
}

async function requireApiToken(c: AppContext, next: () => Promise<void>): Promise<Response | void> {
  const { apiToken, isPublic } = settingsOf(c.env);
  const isAllowed = apiToken === undefined ? isPublic : await carriesToken(c.req.raw, apiToken);
  return isAllowed ? next() : unauthorized();
}

async function requireAdminToken(
  c: AppContext,
  next: () => Promise<void>,
): Promise<Response | void> {
  const { adminToken } = settingsOf(c.env);
  if (adminToken === undefined) {
    return problemResponse("admin-disabled", { detail: "No ADMIN_TOKEN is set" });
  }
  return (await carriesToken(c.req.raw, adminToken)) ? next() : unauthorized();
}

function unauthorized(): Response {
  return problemResponse("unauthorized", {
    detail: "A valid token is required: Authorization: Bearer …",
    headers: { "WWW-Authenticate": 'Bearer realm="sluice"' },
  });
}

function unknownBucket(name: string): Response {
  return problemResponse("unknown-bucket", { detail: `No policy matches ${showValue(name)}` });
}

/**
 * The last segment of the path, percent-decoded once; as it stands where its encoding is broken. (The
 * router's own parameter is decoded once more then, and `%%33A` becomes a colon.)
 */
function nameIn(url: string): string {
  const [path = ""] = url.split(/[?#]/);
  const segment = path.slice(path.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Hands the bucket that the path names to `answer`. */
function withBucket(
  c: AppContext,
  answer: (bucket: RemoteBucket) => Promise<Response>,
): Response | Promise<Response> {
  const name = nameIn(c.req.url);
  if (!isBucketName(name)) {
    const message = `NAME must be ${BUCKET_NAME_RULE}: got ${showValue(name)}`;
    return invalidRequestResponse([{ field: "NAME", message }]);
  }
  const policy = settingsOf(c.env).policies.find(name);
  return policy ? answer(remoteBucket(c, name, policy)) : unknownBucket(name);
}

function remoteBucket(c: AppContext, name: string, policy: NamedPolicyFields): RemoteBucket {
  return new RemoteBucket(c.env.BUCKETS, name, policy, c.req.raw.signal);
}

function json(body: object): Response {
  return Response.json(body, { headers: { "Cache-Control": "no-store" } });
}
