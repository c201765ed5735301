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

import type { Call, CallContext } from "./calls/call.ts";
import type { SluiceEnv } from "./config/env.ts";
import type { Deployment } from "./deployment.ts";
import type { Settings } from "./settings.ts";

import { showValue } from "../core/values.ts";
import { authorize, boundGuards, publicGuards } from "./auth/authorize.ts";
import { opennessOf } from "./auth/openness.ts";
import { BucketStub } from "./bucket-stub.ts";
import { acquireAtOnce } from "./calls/acquire.ts";
import { withBucketInPath } from "./calls/bucket-for.ts";
import { calls, methodsByPath } from "./calls/index.ts";
import { hostIn, type AllowedHosts } from "./config/allowed-hosts.ts";
import { perEnvironment } from "./config/per-environment.ts";
import { errorResponse, illegalConfigurationResponse } from "./failure-response.ts";
import { FiledBucket } from "./filed-bucket.ts";
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

/** An app under one environment. */
interface EnvironmentApp {
  /** Set if it answers acquires before the router: see `acquireAtOnce`. */
  readonly fastLane: Deployment | undefined;
  /** Answers every request. */
  readonly routed: App;
}

/** The entrypoints of one isolate share what it holds of buckets. */
const leasesOf = perEnvironment(
  ({ BUCKETS, ANALYTICS }) => new LeasedBuckets(BUCKETS, waitUntil, ANALYTICS),
);

/** Sluice as the Internet sees it. */
export const publicDeploymentOf = perEnvironment((env) => {
  const settings = settingsOf(env);
  const isOpen = opennessOf(settings) === "everybody";
  return deploy(env, {
    settings,
    guards: publicGuards(settings),
    isOpen,
    // Names are checked where a page could call that has none of the tokens.
    allowedHosts: isOpen ? settings.allowedHosts : undefined,
  });
});

/** Sluice as Workers see it that are bound to `Sluice`: they need no token to acquire, read and pause. */
export const boundDeploymentOf = perEnvironment((env) => {
  const settings = settingsOf(env);
  // A binding has no host name.
  return deploy(env, {
    settings,
    guards: boundGuards(settings),
    isOpen: true,
    allowedHosts: undefined,
  });
});

function deploy(
  env: SluiceEnv,
  access: Pick<Deployment, "settings" | "guards" | "isOpen" | "allowedHosts">,
): Deployment {
  const { FILES } = env;
  const deployment: Deployment = {
    ...access,
    env,
    bucketOf: FILES
      ? (name, policy, caller) => new FiledBucket(deployment, name, policy, caller, FILES)
      : (name, policy, caller) => new BucketStub(deployment, name, policy, caller),
    leases: leasesOf(env),
    openApi: openApiDocument,
  };
  return deployment;
}

/** What the Internet reaches. */
export const routes = createApp(publicDeploymentOf);

/** What bound Workers reach by HTTP. */
export const boundRoutes = createApp(boundDeploymentOf);

/** `routes` without the fast lane, which has to answer as this does. */
export const routesOfRouter = createApp(publicDeploymentOf, { hasFastLane: false });

/** An app that is built from whatever environment it gets. */
function createApp(deploymentOf: (env: SluiceEnv) => Deployment, { hasFastLane = true } = {}): App {
  const appOf = perEnvironment((env): EnvironmentApp => {
    try {
      const deployment = deploymentOf(env);
      // Under CORS, answers have fields that follow from the request's origin; the router adds them.
      const isFast = hasFastLane && deployment.settings.corsOrigins.length === 0;
      return { fastLane: isFast ? deployment : undefined, routed: createRoutes(deployment) };
    } catch (error) {
      const routed = new Hono().all("*", () => illegalConfigurationResponse(error));
      return { fastLane: undefined, routed };
    }
  });
  /** Of the last request: an isolate has one environment. */
  let last: { readonly env: SluiceEnv; readonly app: EnvironmentApp } | undefined;
  return {
    fetch(request, env, ctx) {
      if (last?.env !== env) last = { env, app: appOf(env) };
      const { fastLane, routed } = last.app;
      const answer = fastLane && acquireAtOnce(fastLane, request);
      return answer ?? routed.fetch(request, env, ctx);
    },
  };
}

/** The refusal of a request for a host name that this deployment doesn't answer to. */
function refuseHost(allowed: AllowedHosts, url: string): Response | undefined {
  if (allowed.allows(url)) return undefined;
  const host = hostIn(url);
  const [address = ""] = url.split("?", 1);
  if (anyHostPaths.some((path) => address.endsWith(`//${host}${path}`))) return undefined;
  const detail = `This public deployment does not answer to ${showValue(host)}: use localhost or an IP address, or add the name to ALLOWED_HOSTS, as in --var "ALLOWED_HOSTS:one.example two.example"`;
  return problemResponse("host-not-allowed", { detail });
}

/** What answers the requests of a deployment. */
function createRoutes(deployment: Deployment): App {
  const routes = createRouter(deployment);
  const { allowedHosts } = deployment;
  if (!allowedHosts) return routes;
  return {
    fetch: (request, env, ctx) => {
      return refuseHost(allowedHosts, request.url) ?? routes.fetch(request, env, ctx);
    },
  };
}

/**
 * The routes of a deployment. The router calls each call's handler directly, without a chain of middleware and
 * its promises; only where scripts of other origins may call do requests take that detour.
 */
function createRouter(deployment: Deployment): Hono {
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
