/**
 * The HTTP interface: which call goes where, who may make it, and what is wrong with it. Everything
 * that can be said without the bucket's object is said here, so that bad input reaches no object. Only
 * the object knows whether the bucket has a policy of its own; so it says what that policy forbids:
 * more tokens than the capacity, a longer wait than `maxWaitMs`, more initial tokens than fit.
 *
 * There are two doors, each with routes of its own, which differ in who may ask: what a caller may do
 * hangs on where it came in and on its token, and on nothing else in its request.
 */
import type { Context } from "hono";

import { Hono } from "hono";

import type { Right, Scope } from "./auth/access-tokens.ts";
import type { PlaceFollower } from "../wire/acquire-lines.ts";
import type { Guard } from "./auth/authorize.ts";
import type { CancelBody } from "../protocol/acquire-bodies.ts";
import type { SluiceEnv } from "./config/env.ts";
import type { Settings } from "./settings.ts";

import { BUCKET_NAME_RULE, isBucketName } from "../core/bucket-name.ts";
import { checkPause } from "../core/pause.ts";
import { fieldFaults, showValue } from "../core/policy.ts";
import { isInScope } from "./auth/access-tokens.ts";
import { hostIn, type AllowedHosts } from "./config/allowed-hosts.ts";
import { readAcquireParams, readCancelParams } from "./http/acquire-params.ts";
import { invalidRequestResponse } from "../answers/acquire-response.ts";
import {
  adminGuard,
  authorize,
  apiGuard,
  apiPauseGuard,
  boundGuard,
  boundPauseGuard,
  forbidden,
} from "./auth/authorize.ts";
import { COMMON_FIELDS } from "../answers/common-fields.ts";
import { cors } from "./http/cors.ts";
import { answerFormOf, hasHadLastEvent, noMoreEvents } from "./http/event-stream.ts";
import { BodyTooLargeError, JsonBodyError, readJsonObject } from "./http/json-body.ts";
import { jsonText } from "../protocol/json-text.ts";
import { VARY, assetPaths, assetResponse, pageResponse, prefersPage } from "./pages/live-page.ts";
import { DOCS_STYLE_PATH, docsPage, docsStyle } from "./pages/docs-page.ts";
import { docsResponse } from "./pages/docs-response.ts";
import { openApiDocument } from "./pages/openapi.ts";
import { opennessOf } from "./auth/openness.ts";
import { problemResponse } from "../answers/problem.ts";
import { FiledBucket } from "./filed-bucket.ts";
import { BucketUnreachableError } from "../wire/call-with-retry.ts";
import { BucketStub } from "./bucket-stub.ts";
import { metricsResponse } from "./metrics/scrape.ts";
import { settingsOf } from "./settings.ts";
import { streamedAcquire, streamedIfQueued } from "./http/streamed-acquire.ts";
import { UnreadableStateError } from "./unreachable-log.ts";
import {
  SUBPROTOCOL,
  isOriginAllowed,
  isUpgrade,
  subprotocolsOf,
  withBearer,
} from "./http/watch-request.ts";

/** A policy is eight numbers; this is room for a hundred times as much. */
const MAX_BODY_BYTES = 16 * 1024;
/** When to come back to a bucket that could not be reached: the platform needs about this long. */
const UNAVAILABLE_RETRY_MS = 1_000;

/** In a URL that is cut at its slashes: behind the scheme, nothing, the host and `buckets`. */
const PLACE_OF_NAME = 4;

/** The routes, and the methods of each. HEAD is not GET of `/acquire`: it would take tokens and not say so. */
const METHODS = {
  "/healthz": ["GET", "HEAD"],
  "/metrics": ["GET", "HEAD"],
  "/openapi.json": ["GET", "HEAD"],
  "/docs": ["GET", "HEAD"],
  [DOCS_STYLE_PATH]: ["GET", "HEAD"],
  "/acquire": ["GET", "POST", "DELETE"],
  "/buckets/:name": ["GET", "HEAD", "PUT", "DELETE"],
  "/buckets/:name/pause": ["POST"],
  "/buckets/:name/watch": ["GET"],
};

const ASSET_METHODS = ["GET", "HEAD"];

interface AppEnv {
  Bindings: SluiceEnv;
}
type AppContext = Context<AppEnv>;

/** What the Internet reaches. */
export const routes = createApp({ guardOf: apiGuard, pauseGuardOf: apiPauseGuard, hasName: true });

/** What the Workers reach that are bound to `Sluice`: they need no token to acquire, read and pause. */
export const boundRoutes = createApp({
  guardOf: boundGuard,
  pauseGuardOf: boundPauseGuard,
  hasName: false,
});

/** Where requests come in. */
interface App {
  readonly fetch: (
    request: Request,
    env: SluiceEnv,
    ctx?: ExecutionContext,
  ) => Response | Promise<Response>;
}

/** Who is let in: to acquire or read, and to pause. */
interface Guards {
  readonly guardOf: (settings: Settings) => Guard;
  readonly pauseGuardOf: (settings: Settings) => Guard;
  /** Whether the host in a URL means anything: a binding has no name. */
  readonly hasName: boolean;
}

/** The routes under the settings of whatever environment. */
function createApp(guards: Guards): App {
  const apps = new WeakMap<SluiceEnv, App>();
  return {
    fetch(request, env, ctx) {
      let app = apps.get(env);
      if (!app) {
        app = buildApp(env, guards);
        apps.set(env, app);
      }
      return app.fetch(request, env, ctx);
    },
  };
}

function buildApp(env: SluiceEnv, guards: Guards): App {
  let settings;
  try {
    settings = settingsOf(env);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return new Hono<AppEnv>().all("*", () => problemResponse("illegal-configuration", { detail }));
  }
  const app = createRoutes(settings, guards);
  const { allowedHosts } = settings;
  const isChecked = guards.hasName && opennessOf(settings) === "everybody";
  return allowedHosts && isChecked ? underNames(allowedHosts, app) : app;
}

/**
 * `app` for requests to these names only. `/healthz` is answered under any: it says nothing that matters,
 * and load balancers ask by whatever name they have.
 */
function underNames(allowed: AllowedHosts, app: App): App {
  return {
    fetch(request, env, ctx) {
      const { url } = request;
      if (allowed.allows(url)) return app.fetch(request, env, ctx);
      const host = hostIn(url);
      if (url.split("?", 1)[0]?.endsWith(`//${host}/healthz`)) return app.fetch(request, env, ctx);
      const detail = `Everybody may call here, but not as ${showValue(host)}: use localhost or an address, or list the name in ALLOWED_HOSTS, as in --var "ALLOWED_HOSTS:one.example two.example"`;
      return problemResponse("host-not-allowed", { detail });
    },
  };
}

/**
 * The routes under these settings: only what is configured is there. Each call has one handler, which
 * the router calls straight, with no chain of middlewares and their promises around it; another origin's
 * takes the one detour.
 */
function createRoutes(settings: Settings, { guardOf, pauseGuardOf }: Guards): Hono<AppEnv> {
  const { corsOrigins } = settings;
  const guard = guardOf(settings);
  const guardOfPauses = pauseGuardOf(settings);
  const guardOfAdmins = adminGuard(settings);
  const app = new Hono<AppEnv>();
  // Asked once no handler is there: a check in front of the handlers would be a middleware.
  const fallback = new Hono<AppEnv>().notFound((c) => notFound(c));

  for (const [path, methods] of Object.entries(METHODS)) {
    if (corsOrigins.length > 0) app.use(path, cors(corsOrigins, methods));
    fallback.all(path, (c) => methodNotAllowed(c, methods));
  }

  for (const [path, asset] of assetPaths) {
    fallback.all(path, (c) => methodNotAllowed(c, ASSET_METHODS));
    app.get(path, () => assetResponse(asset));
  }

  app.get("/", (c) => (prefersPage(c) ? pageResponse(0) : notFound(c, VARY)));

  app.get("/healthz", () => json({ status: "ok" }));

  app.get("/metrics", (c) =>
    authorize(c, guard, (scopes) => {
      const { BUCKETS: objects, FILES: files } = c.env;
      const scraped = { objects, files, policies: settings.policies };
      return metricsResponse(scraped, scopes, c.req.queries("bucket") ?? []);
    }),
  );

  app.get("/openapi.json", () => json(openApiDocument));
  app.get("/docs", () => docsResponse(docsPage(openApiDocument), "text/html"));
  app.get(DOCS_STYLE_PATH, () => docsResponse(docsStyle, "text/css"));

  app.get("/acquire", (c) => {
    if (c.req.method === "HEAD") return fallback.fetch(c.req.raw);
    return authorize(c, guard, (scopes) => acquire(c, scopes, {}));
  });

  app.post("/acquire", (c) =>
    authorize(c, guard, async (scopes) => {
      return acquire(c, scopes, await readJsonObject(c.req.raw, MAX_BODY_BYTES));
    }),
  );

  app.delete("/acquire", (c) => authorize(c, guard, (scopes) => cancel(c, scopes)));

  app.get("/buckets/:name", (c) => {
    // Before any token is asked for: the page is what asks a visitor for one.
    if (prefersPage(c)) return pageResponse(1);
    return authorize(c, guard, (scopes) =>
      withBucket(c, scopes, "read", async (bucket) => json(await bucket.inspect(), VARY)),
    );
  });

  app.get("/buckets/:name/watch", (c) => {
    if (c.req.method === "HEAD") return fallback.fetch(c.req.raw);
    const { raw } = c.req;
    if (!isOriginAllowed(raw, corsOrigins)) {
      const detail = `Pages of ${showValue(raw.headers.get("Origin"))} may not watch`;
      return problemResponse("origin-not-allowed", { detail });
    }
    return authorize(
      c,
      (request) => guard(withBearer(request)),
      (scopes) => withBucket(c, scopes, "read", (bucket) => watch(raw, bucket)),
    );
  });

  app.put("/buckets/:name", (c) =>
    authorize(c, guardOfAdmins, (scopes) =>
      withBucket(c, scopes, "admin", async (bucket) => {
        const changes = await readJsonObject(c.req.raw, MAX_BODY_BYTES);
        const faults = fieldFaults(changes);
        if (faults.length > 0) return invalidRequestResponse(faults);
        const changed = await bucket.changePolicy(changes);
        return changed.ok ? json(changed.snapshot) : invalidRequestResponse(changed.errors);
      }),
    ),
  );

  app.delete("/buckets/:name", (c) =>
    authorize(c, guardOfAdmins, (scopes) =>
      withBucket(c, scopes, "admin", async (bucket) => {
        await bucket.reset();
        return new Response(null, { status: 204, headers: COMMON_FIELDS });
      }),
    ),
  );

  app.post("/buckets/:name/pause", (c) =>
    authorize(c, guardOfPauses, (scopes) =>
      withBucket(c, scopes, "pause", async (bucket, name) => {
        const fields = await readJsonObject(c.req.raw, MAX_BODY_BYTES);
        const nowMs = Date.now();
        const read = checkPause(fields, nowMs);
        if (!read.ok) return invalidRequestResponse(read.faults);
        // Others may have a clock that is behind: they must not end by chance what somebody has begun.
        const isLift = read.pause.untilMs <= nowMs && isInScope(scopes, "admin", name);
        return json(await (isLift ? bucket.resume() : bucket.pause(read.pause)));
      }),
    ),
  );

  app.notFound((c) => fallback.fetch(c.req.raw));

  app.onError((error, c) => {
    if (error instanceof JsonBodyError) {
      return invalidRequestResponse([{ field: "body", message: error.message }]);
    }
    if (error instanceof BodyTooLargeError) {
      return problemResponse("body-too-large", { detail: error.message });
    }
    if (c.req.raw.signal.aborted) return new Response(null, { status: 499 });
    return failureResponse(error);
  });

  return app;
}

function acquire(
  c: AppContext,
  scopes: readonly Scope[],
  body: Readonly<Record<string, unknown>>,
): Response | Promise<Response> {
  const read = readAcquireParams(c.req.queries(), body, c.req.raw.headers);
  if (!read.ok) return invalidRequestResponse(read.errors);
  const { bucket: name, ...asked } = read.params;
  const bucket = bucketFor(c, scopes, "acquire", name);
  if (bucket instanceof Response) return bucket;
  const { headers } = c.req.raw;
  const form = answerFormOf(headers);
  if (form === "plain") return bucket.acquire(asked);
  if (hasHadLastEvent(headers)) return noMoreEvents();
  const ask = (follower: PlaceFollower): Response | Promise<Response> => {
    return bucket.acquire(asked, follower);
  };
  return form === "stream"
    ? streamedAcquire(ask, failureResponse)
    : streamedIfQueued(ask, failureResponse);
}

/** Whoever may acquire from a bucket may cancel there, if it knows the key. */
async function cancel(c: AppContext, scopes: readonly Scope[]): Promise<Response> {
  const read = readCancelParams(c.req.queries(), c.req.raw.headers);
  if (!read.ok) return invalidRequestResponse(read.errors);
  const { bucket: name, idempotencyKey } = read.params;
  const bucket = bucketFor(c, scopes, "acquire", name);
  if (bucket instanceof Response) return bucket;
  const body: CancelBody = { cancelled: await bucket.cancel(idempotencyKey) };
  return json(body);
}

/** What is answered where Sluice itself fails. */
function failureResponse(error: unknown): Response {
  // That is in the log already, with more than is known here.
  if (error instanceof BucketUnreachableError) {
    const { cause } = error;
    const isDamaged = cause instanceof UnreadableStateError;
    const detail = isDamaged ? cause.message : "The bucket could not be reached";
    return problemResponse("unavailable", { detail, retryAfterMs: UNAVAILABLE_RETRY_MS });
  }
  console.error(error);
  return problemResponse("internal-error", { detail: "Sluice failed to handle this request" });
}

async function watch(request: Request, bucket: BucketStub): Promise<Response> {
  if (!isUpgrade(request)) {
    const detail = "A WebSocket is needed to watch a bucket: Upgrade: websocket";
    const headers = { Upgrade: "websocket", Connection: "Upgrade" };
    return problemResponse("upgrade-required", { detail, headers });
  }
  const answer = await bucket.watch();
  if (answer.webSocket === null) return answer;
  const isOffered = subprotocolsOf(request).includes(SUBPROTOCOL);
  const headers = { ...COMMON_FIELDS, ...(isOffered && { "Sec-WebSocket-Protocol": SUBPROTOCOL }) };
  return new Response(null, { status: 101, webSocket: answer.webSocket, headers });
}

function methodNotAllowed(c: Context, methods: readonly string[]): Response {
  const allowed = methods.join(", ");
  const detail = `${showValue(c.req.method)} is not one of ${allowed}`;
  return problemResponse("method-not-allowed", { detail, headers: { Allow: allowed } });
}

function notFound(c: Context, headers: Record<string, string> = {}): Response {
  const detail = `There is nothing at ${showValue(c.req.path)}`;
  return problemResponse("not-found", { detail, headers });
}

/**
 * The segment of the path that names the bucket, the second, percent-decoded once; as it stands where its
 * encoding is broken. (The router's own parameter is decoded once more then, and `%%33A` becomes a colon.)
 */
function nameIn(url: string): string {
  const [path = ""] = url.split(/[?#]/);
  const segment = path.split("/")[PLACE_OF_NAME] ?? "";
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Hands the bucket that the path names to `answer`, if the caller has `right` on it. */
function withBucket(
  c: AppContext,
  scopes: readonly Scope[],
  right: Right,
  answer: (bucket: BucketStub, name: string) => Promise<Response>,
): Response | Promise<Response> {
  const name = nameIn(c.req.url);
  if (!isBucketName(name)) {
    const message = `NAME must be ${BUCKET_NAME_RULE}: got ${showValue(name)}`;
    return invalidRequestResponse([{ field: "NAME", message }]);
  }
  const bucket = bucketFor(c, scopes, right, name);
  return bucket instanceof Response ? bucket : answer(bucket, name);
}

/** The bucket, or the refusal of a caller that lacks `right` on it or asks for one that no policy has. */
function bucketFor(
  c: AppContext,
  scopes: readonly Scope[],
  right: Right,
  name: string,
): BucketStub | Response {
  if (!isInScope(scopes, right, name)) return forbidden(right, name);
  const policy = settingsOf(c.env).policies.find(name);
  if (!policy) {
    return problemResponse("unknown-bucket", { detail: `No policy matches ${showValue(name)}` });
  }
  const { BUCKETS, ANALYTICS, FILES } = c.env;
  return FILES
    ? new FiledBucket(BUCKETS, name, policy, c.req.raw, FILES)
    : new BucketStub(BUCKETS, name, policy, c.req.raw, ANALYTICS);
}

function json(body: object, headers: Record<string, string> = {}): Response {
  const fields = { ...COMMON_FIELDS, "Content-Type": "application/json", ...headers };
  return new Response(jsonText(body), { headers: fields });
}
