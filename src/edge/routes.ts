/**
 * The HTTP interface: which call goes where, who may make it, and what is wrong with it. Everything
 * that can be said without the bucket's object is said here, so that bad input reaches no object. Only
 * the object knows whether the bucket has a policy of its own; so it says what that policy forbids:
 * more tokens than the capacity, a longer wait than `maxWaitMs`, more initial tokens than fit.
 *
 * There are two doors, each with routes of its own, which differ in who may ask: what a caller may do
 * hangs on where it came in and on its token, and on nothing else in its request.
 */
import type { Context, MiddlewareHandler } from "hono";

import { Hono } from "hono";

import type { NamedPolicyFields } from "../protocol.ts";
import type { Right } from "./access-tokens.ts";
import type { AppEnv } from "./authorize.ts";

import { readAcquireParams } from "./acquire-params.ts";
import { invalidRequestResponse } from "./acquire-response.ts";
import { refusalOf, requireAdminToken, requireApiToken, requireNothing } from "./authorize.ts";
import { BUCKET_NAME_RULE, isBucketName } from "./bucket-name.ts";
import { COMMON_FIELDS } from "./common-fields.ts";
import { crossOrigin } from "./cross-origin.ts";
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

type AppContext = Context<AppEnv>;

/** What the Internet reaches. */
export const routes = createRoutes(requireApiToken);

/** What the Workers reach that are bound to `Sluice`: they need no token to acquire and read. */
export const boundRoutes = createRoutes(requireNothing);

/** The Worker's `fetch`, as a Hono application; `requireRight` lets in who may acquire or read. */
function createRoutes(requireRight: MiddlewareHandler<AppEnv>): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  app.use(async (c, next) => {
    try {
      settingsOf(c.env);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return problemResponse("illegal-configuration", { detail });
    }
    return next();
  });

  app.use("/healthz", crossOrigin("GET"), allow("GET", "HEAD"));
  app.use("/acquire", crossOrigin("GET", "POST"), allow("GET", "POST"));
  app.use(
    "/buckets/:name",
    crossOrigin("GET", "PUT", "DELETE"),
    allow("GET", "HEAD", "PUT", "DELETE"),
  );

  app.get("/healthz", () => json({ status: "ok" }));

  app.get("/acquire", requireRight, (c) => acquire(c, {}));

  app.post("/acquire", requireRight, async (c) => {
    return acquire(c, await readJsonObject(c.req.raw, LARGEST_BODY_BYTES));
  });

  app.get("/buckets/:name", requireRight, (c) =>
    withBucket(c, "read", async (bucket) => json(await bucket.inspect())),
  );

  app.put("/buckets/:name", requireAdminToken, (c) =>
    withBucket(c, "admin", async (bucket) => {
      const changes = await readJsonObject(c.req.raw, LARGEST_BODY_BYTES);
      const faults = fieldFaults(changes);
      if (faults.length > 0) return invalidRequestResponse(faults);
      const changed = await bucket.changePolicy(changes);
      return changed.ok ? json(changed.snapshot) : invalidRequestResponse(changed.errors);
    }),
  );

  app.delete("/buckets/:name", requireAdminToken, (c) =>
    withBucket(c, "admin", async (bucket) => {
      await bucket.reset();
      return new Response(null, { status: 204, headers: COMMON_FIELDS });
    }),
  );

  app.notFound((c) => {
    return problemResponse("not-found", { detail: `There is nothing at ${showValue(c.req.path)}` });
  });

  app.onError((error, c) => {
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

  return app;
}

async function acquire(c: AppContext, body: Readonly<Record<string, unknown>>): Promise<Response> {
  const read = readAcquireParams(queryOf(c.req.url), body, c.req.raw.headers);
  if (!read.ok) return invalidRequestResponse(read.errors);
  const { bucket: name, ...asked } = read.params;
  const refusal = refusalOf(c, "acquire", name);
  if (refusal) return refusal;
  const policy = settingsOf(c.env).policies.find(name);
  if (!policy) return unknownBucket(name);
  const waitUntil = (promise: Promise<void>): void => c.executionCtx.waitUntil(promise);
  return remoteBucket(c, name, policy).acquire(asked, waitUntil);
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

/** Hands the bucket that the path names to `answer`, if the caller has `right` on it. */
function withBucket(
  c: AppContext,
  right: Right,
  answer: (bucket: RemoteBucket) => Promise<Response>,
): Response | Promise<Response> {
  const name = nameIn(c.req.url);
  if (!isBucketName(name)) {
    const message = `NAME must be ${BUCKET_NAME_RULE}: got ${showValue(name)}`;
    return invalidRequestResponse([{ field: "NAME", message }]);
  }
  const refusal = refusalOf(c, right, name);
  if (refusal) return refusal;
  const policy = settingsOf(c.env).policies.find(name);
  return policy ? answer(remoteBucket(c, name, policy)) : unknownBucket(name);
}

function remoteBucket(c: AppContext, name: string, policy: NamedPolicyFields): RemoteBucket {
  return new RemoteBucket(c.env.BUCKETS, name, policy, c.req.raw.signal);
}

function json(body: object): Response {
  return Response.json(body, { headers: COMMON_FIELDS });
}
