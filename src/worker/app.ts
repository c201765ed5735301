/**
 * The HTTP interface: routes, who may call them, and what is wrong with a request. Everything that can be
 * answered without the bucket's object is answered here, so bad input never reaches an object. Only the
 * object knows whether the bucket has its own policy, so it checks what that policy forbids: more tokens than
 * the capacity, a longer wait than `maxWaitMs`, more initial tokens than fit.
 *
 * There are two apps with the same routes, which differ in who may call. What a caller may do depends on
 * which app it reached and on its token, and on nothing else in its request.
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
import { fieldFaults } from "../core/policy.ts";
import { showValue } from "../core/values.ts";
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
import { SUBPROTOCOL } from "../protocol/watch-feed.ts";
import { clientClosedResponse } from "../protocol/client-closed.ts";
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
import { isOriginAllowed, isUpgrade, subprotocolsOf, withBearer } from "./http/watch-request.ts";

/** A policy is eight numbers; this leaves room for a hundred times as much. */
const MAX_BODY_BYTES = 16 * 1024;
/** When to retry if a bucket could not be reached: the platform needs about this long. */
const UNAVAILABLE_RETRY_MS = 1_000;

/**
 * The index of the name in a URL split at its slashes: after the scheme, an empty part, the host and
 * `buckets`.
 */
const PLACE_OF_NAME = 4;

/** The routes and their methods. `/acquire` has no HEAD: it would take tokens and not report them. */
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

/** What Workers reach that are bound to `Sluice`: they need no token to acquire, read and pause. */
export const boundRoutes = createApp({
  guardOf: boundGuard,
  pauseGuardOf: boundPauseGuard,
  hasName: false,
});

/** Anything that handles requests. */
interface App {
  readonly fetch: (
    request: Request,
    env: SluiceEnv,
    ctx?: ExecutionContext,
  ) => Response | Promise<Response>;
}

/** Who may acquire or read, and who may pause. */
interface Guards {
  readonly guardOf: (settings: Settings) => Guard;
  readonly pauseGuardOf: (settings: Settings) => Guard;
  /** Whether the host in a URL means anything: a binding has no host name. */
  readonly hasName: boolean;
}

/** An app that reads its settings from whatever environment it gets. */
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
 * Restricts `app` to requests for these host names. `/healthz` is answered under any name: it reveals nothing
 * that matters, and load balancers use whatever name they have.
 */
function underNames(allowed: AllowedHosts, app: App): App {
  return {
    fetch(request, env, ctx) {
      const { url } = request;
      if (allowed.allows(url)) return app.fetch(request, env, ctx);
      const host = hostIn(url);
      if (url.split("?", 1)[0]?.endsWith(`//${host}/healthz`)) return app.fetch(request, env, ctx);
      const detail = `This public deployment does not answer to ${showValue(host)}: use localhost or an IP address, or add the name to ALLOWED_HOSTS, as in --var "ALLOWED_HOSTS:one.example two.example"`;
      return problemResponse("host-not-allowed", { detail });
    },
  };
}

/** What the handlers of one app share. */
interface AppParts {
  readonly app: Hono<AppEnv>;
  /** Handles what no handler has taken. A check in front of the handlers would be a middleware. */
  readonly fallback: Hono<AppEnv>;
  readonly settings: Settings;
  readonly guard: Guard;
  readonly pauseGuard: Guard;
}

/**
 * The routes under these settings; what isn't configured has no route. Each call has one handler, which the
 * router calls directly, without a chain of middleware and its promises; only cross-origin requests take
 * that detour.
 */
function createRoutes(settings: Settings, { guardOf, pauseGuardOf }: Guards): Hono<AppEnv> {
  const { corsOrigins } = settings;
  const app = new Hono<AppEnv>();
  const fallback = new Hono<AppEnv>().notFound((c) => notFound(c));

  for (const [path, methods] of Object.entries(METHODS)) {
    if (corsOrigins.length > 0) app.use(path, cors(corsOrigins, methods));
    fallback.all(path, (c) => methodNotAllowed(c, methods));
  }

  const guard = guardOf(settings);
  const parts = { app, fallback, settings, guard, pauseGuard: pauseGuardOf(settings) };
  addPages(parts);
  addService(parts);
  addAcquire(parts);
  addBucketReads(parts);
  addBucketChanges(parts);

  app.notFound((c) => fallback.fetch(c.req.raw));
  app.onError((error, c) => errorResponse(error, c));
  return app;
}

/** The live page's parts and its address without a bucket. */
function addPages({ app, fallback }: AppParts): void {
  for (const [path, asset] of assetPaths) {
    fallback.all(path, (c) => methodNotAllowed(c, ASSET_METHODS));
    app.get(path, () => assetResponse(asset));
  }
  app.get("/", (c) => (prefersPage(c) ? pageResponse(0) : notFound(c, VARY)));
}

function addService({ app, settings, guard }: AppParts): void {
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
}

function addAcquire({ app, fallback, guard }: AppParts): void {
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
}

function addBucketReads({ app, fallback, settings, guard }: AppParts): void {
  app.get("/buckets/:name", (c) => {
    // Needs no token: it is the page that asks a visitor for one.
    if (prefersPage(c)) return pageResponse(1);
    return authorize(c, guard, (scopes) =>
      withBucket(c, scopes, "read", async (bucket) => json(await bucket.inspect(), VARY)),
    );
  });

  app.get("/buckets/:name/watch", (c) => {
    if (c.req.method === "HEAD") return fallback.fetch(c.req.raw);
    const { raw } = c.req;
    if (!isOriginAllowed(raw, settings.corsOrigins)) {
      const detail = `Pages from ${showValue(raw.headers.get("Origin"))} may not watch: add the origin to CORS_ORIGINS`;
      return problemResponse("origin-not-allowed", { detail });
    }
    return authorize(
      c,
      (request) => guard(withBearer(request)),
      (scopes) => withBucket(c, scopes, "read", (bucket) => watch(raw, bucket)),
    );
  });
}

function addBucketChanges({ app, settings, pauseGuard }: AppParts): void {
  const guardOfAdmins = adminGuard(settings);

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
    authorize(c, pauseGuard, (scopes) =>
      withBucket(c, scopes, "pause", async (bucket, name) => {
        const fields = await readJsonObject(c.req.raw, MAX_BODY_BYTES);
        const nowMs = Date.now();
        const read = checkPause(fields, nowMs);
        if (!read.ok) return invalidRequestResponse(read.faults);
        // A caller whose clock is behind must not end someone else's pause by accident.
        const isResume = read.pause.untilMs <= nowMs && isInScope(scopes, "admin", name);
        return json(await (isResume ? bucket.resume() : bucket.pause(read.pause)));
      }),
    ),
  );
}

function errorResponse(error: Error, c: AppContext): Response {
  if (error instanceof JsonBodyError) {
    return invalidRequestResponse([{ field: "body", message: error.message }]);
  }
  if (error instanceof BodyTooLargeError) {
    return problemResponse("body-too-large", { detail: error.message });
  }
  if (c.req.raw.signal.aborted) return clientClosedResponse();
  return failureResponse(error);
}

function acquire(
  c: AppContext,
  scopes: readonly Scope[],
  body: Readonly<Record<string, unknown>>,
): Response | Promise<Response> {
  const read = readAcquireParams(c.req.queries(), body, c.req.raw.headers);
  if (!read.ok) return invalidRequestResponse(read.errors);
  const { ask } = read;
  const bucket = bucketFor(c, scopes, "acquire", read.bucket);
  if (bucket instanceof Response) return bucket;
  const { headers } = c.req.raw;
  const form = answerFormOf(headers);
  if (form === "plain") return bucket.acquire(ask);
  if (hasHadLastEvent(headers)) return noMoreEvents();
  const acquireAs = (follower: PlaceFollower): Response | Promise<Response> => {
    return bucket.acquire(ask, follower);
  };
  return form === "stream"
    ? streamedAcquire(acquireAs, failureResponse)
    : streamedIfQueued(acquireAs, failureResponse);
}

/** A caller that may acquire from a bucket may cancel there, if it knows the key. */
async function cancel(c: AppContext, scopes: readonly Scope[]): Promise<Response> {
  const read = readCancelParams(c.req.queries(), c.req.raw.headers);
  if (!read.ok) return invalidRequestResponse(read.errors);
  const { idempotencyKey } = read;
  const bucket = bucketFor(c, scopes, "acquire", read.bucket);
  if (bucket instanceof Response) return bucket;
  const body: CancelBody = { cancelled: await bucket.cancel(idempotencyKey) };
  return json(body);
}

/** The answer when Sluice itself fails. */
function failureResponse(error: unknown): Response {
  // The log already has this error, with more details than are known here.
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
    const detail = "Watching a bucket needs a WebSocket: send Upgrade: websocket";
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
 * The second segment of the path, which names the bucket, percent-decoded once; as it is if its encoding is
 * invalid. (The router's own parameter would be decoded again then, and `%%33A` would become a colon.)
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

/** Passes the bucket that the path names to `answer`, if the caller has `right` on it. */
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

/** The bucket; or the refusal, if the caller lacks `right` on it or no policy matches it. */
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
