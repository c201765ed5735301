/**
 * The HTTP interface: routes requests to their calls (calls/). Everything that can be answered without the
 * bucket's object is answered in the Worker, so bad input never reaches an object. Only the object knows
 * whether the bucket has its own policy, so it checks what that policy forbids: more tokens than the capacity,
 * a longer wait than `maxWaitMs`, more initial tokens than fit.
 *
 * There are two apps with the same routes, which differ in who may call. What a caller may do depends on
 * which app it reached and on its token, and on nothing else in its request.
 */
import type { Context } from "hono";

import { waitUntil } from "cloudflare:workers";
import { Hono } from "hono";

import type { Guards } from "./auth/authorize.ts";
import type { Call, CallContext } from "./calls/call.ts";
import type { SluiceEnv } from "./config/env.ts";
import type { Deployment } from "./deployment.ts";
import type { Settings } from "./settings.ts";

import { showValue } from "../core/values.ts";
import { authorize, boundGuards, publicGuards } from "./auth/authorize.ts";
import { opennessOf } from "./auth/openness.ts";
import { withBucketInPath } from "./calls/bucket-for.ts";
import { calls, methodsByPath } from "./calls/index.ts";
import { hostIn, type AllowedHosts } from "./config/allowed-hosts.ts";
import { perEnvironment } from "./config/per-environment.ts";
import { errorResponse, illegalConfigurationResponse } from "./failure-response.ts";
import { cors } from "./http/cors.ts";
import { LeasedBuckets } from "./leased-bucket.ts";
import { DOCS_STYLE_PATH, docsStyle } from "./pages/docs-page.ts";
import { docsResponse } from "./pages/docs-response.ts";
import { VARY, assetPaths, assetResponse, pageResponse, prefersPage } from "./pages/live-page.ts";
import { openApiDocument } from "./pages/openapi.ts";
import { problemResponse } from "../answers/problem.ts";
import { settingsOf } from "./settings.ts";

/** Of what is no call: parts of pages. */
const PAGE_METHODS = ["GET", "HEAD"];

/** Paths that are answered under any host name. */
const anyHostPaths = calls.filter(({ isOnAnyHost }) => isOnAnyHost).map(({ path }) => path);

/** Anything that handles requests. */
interface App {
  readonly fetch: (
    request: Request,
    env: SluiceEnv,
    ctx?: ExecutionContext,
  ) => Response | Promise<Response>;
}

/** What the Internet reaches. */
export const routes = createApp((env) => {
  const deployment = deploy(env, publicGuards);
  const { settings } = deployment;
  const app = createRoutes(deployment);
  const { allowedHosts } = settings;
  return allowedHosts && opennessOf(settings) === "everybody" ? underNames(allowedHosts, app) : app;
});

/** Sluice as Workers see it that are bound to `Sluice`: they need no token to acquire, read and pause. */
export const boundDeploymentOf = perEnvironment((env) => deploy(env, boundGuards));

/** What these Workers reach by HTTP. A binding has no host name. */
export const boundRoutes = createApp((env) => createRoutes(boundDeploymentOf(env)));

/** The entrypoints of one isolate share what it holds of buckets. */
const leasesOf = perEnvironment(
  ({ BUCKETS, ANALYTICS }) => new LeasedBuckets(BUCKETS, waitUntil, ANALYTICS),
);

function deploy(env: SluiceEnv, guardsOf: (settings: Settings) => Guards): Deployment {
  const settings = settingsOf(env);
  const guards = guardsOf(settings);
  return { env, settings, guards, leases: leasesOf(env), openApi: openApiDocument };
}

/** An app that is built from whatever environment it gets. */
function createApp(build: (env: SluiceEnv) => App): App {
  const appOf = perEnvironment((env): App => {
    try {
      return build(env);
    } catch (error) {
      return new Hono().all("*", () => illegalConfigurationResponse(error));
    }
  });
  return { fetch: (request, env, ctx) => appOf(env).fetch(request, env, ctx) };
}

/** Restricts `app` to requests for these host names. */
function underNames(allowed: AllowedHosts, app: App): App {
  return {
    fetch(request, env, ctx) {
      const { url } = request;
      if (allowed.allows(url)) return app.fetch(request, env, ctx);
      const host = hostIn(url);
      const [address = ""] = url.split("?", 1);
      if (anyHostPaths.some((path) => address.endsWith(`//${host}${path}`))) {
        return app.fetch(request, env, ctx);
      }
      const detail = `This public deployment does not answer to ${showValue(host)}: use localhost or an IP address, or add the name to ALLOWED_HOSTS, as in --var "ALLOWED_HOSTS:one.example two.example"`;
      return problemResponse("host-not-allowed", { detail });
    },
  };
}

/**
 * The routes of a deployment. The router calls each call's handler directly, without a chain of middleware and
 * its promises; only where scripts of other origins may call do requests take that detour.
 */
function createRoutes(deployment: Deployment): Hono {
  const app = new Hono();
  /** Answers what no handler has taken. A check in front of the handlers would be a middleware. */
  const fallback = new Hono().notFound((c) => notFound(c));
  addMethods(app, fallback, deployment.settings);
  for (const call of calls) {
    const handle = handlerOf(call, deployment);
    app.on(call.method, call.path.replace("{name}", ":name"), ({ req: { raw } }) => {
      return call.hasNoHead && raw.method === "HEAD" ? fallback.fetch(raw) : handle(raw);
    });
  }
  app.get("/", (c) => (prefersPage(c.req.raw) ? pageResponse(0) : notFound(c, VARY)));
  app.get(DOCS_STYLE_PATH, () => docsResponse(docsStyle, "text/css"));
  for (const [path, asset] of assetPaths) app.get(path, () => assetResponse(asset));
  app.notFound((c) => fallback.fetch(c.req.raw));
  app.onError((error, c) => errorResponse(error, c.req.raw));
  return app;
}

/** What follows from the methods of each path: which ones a `405` lists, and which ones scripts may send. */
function addMethods(app: Hono, fallback: Hono, { corsOrigins }: Settings): void {
  for (const [path, methods] of [...methodsByPath, [DOCS_STYLE_PATH, PAGE_METHODS] as const]) {
    const route = path.replace("{name}", ":name");
    if (corsOrigins.length > 0) app.use(route, cors(corsOrigins, methods));
    fallback.all(route, (c) => methodNotAllowed(c, methods));
  }
  for (const [path] of assetPaths) fallback.all(path, (c) => methodNotAllowed(c, PAGE_METHODS));
}

/** What answers a request for a call. */
function handlerOf(
  call: Call,
  deployment: Deployment,
): (request: Request) => Response | Promise<Response> {
  const handle = (context: CallContext): Response | Promise<Response> => {
    if ("handle" in call) return call.handle(context);
    return withBucketInPath(context, call.right, (bucket, name) => {
      return call.handleBucket(bucket, context, name);
    });
  };
  return (request) => {
    const answer = call.answerToAnyone?.(request, deployment);
    if (answer) return answer;
    if (call.right === undefined) return handle({ deployment, request, scopes: [] });
    const bearer = call.bearerOf?.(request) ?? request;
    return authorize(bearer, deployment.guards[call.right], (scopes) => {
      return handle({ deployment, request, scopes });
    });
  };
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
