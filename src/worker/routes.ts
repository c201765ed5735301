/**
 * The HTTP interface: routes requests to their calls (calls/). Everything that can be answered without the
 * bucket's object is answered in the Worker, so bad input never reaches an object. Only the object knows
 * whether the bucket has its own policy, so it checks what that policy forbids: more tokens than the capacity,
 * a longer wait than `maxWaitMs`, more initial tokens than fit.
 *
 * It knows no platform but `Request` and `Response`: app.ts brings the runtime's, and the fake of
 * `sluice/testing` runs the same routes in any process.
 */
import type { Call, CallContext } from "./calls/call.ts";
import type { SluiceEnv } from "./config/env.ts";
import type { Deployment } from "./deployment.ts";
import type { Handler } from "./router.ts";

import { showValue } from "../core/values.ts";
import { authorize } from "./auth/authorize.ts";
import { withBucketInPath } from "./calls/bucket-for.ts";
import { calls, methodsByPath } from "./calls/index.ts";
import { hostIn, type AllowedHosts } from "./config/allowed-hosts.ts";
import { underCors } from "./http/cors.ts";
import { docsResponse } from "./pages/docs-response.ts";
import { DOCS_STYLE_PATH, docsStyle } from "./pages/docs-style.ts";
import { assetPaths, assetResponse, pageResponse, prefersPage } from "./pages/live-page.ts";
import { problemResponse } from "../answers/problem.ts";
import { Router } from "./router.ts";

/** Of what is no call: parts of pages. */
const PAGE_METHODS = ["GET", "HEAD"];

/** The paths that scripts of other origins may call, if any may, with their methods. */
const scriptedPaths = [...methodsByPath, [DOCS_STYLE_PATH, PAGE_METHODS] as const];

/** Paths that are answered under any host name. */
const anyHostPaths = calls.filter(({ isOnAnyHost }) => isOnAnyHost).map(({ path }) => path);

/** Anything that handles requests. */
export interface App {
  readonly fetch: (
    request: Request,
    env: SluiceEnv,
    ctx?: ExecutionContext,
  ) => Response | Promise<Response>;
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

/** What answers the requests of a deployment; the fast lane, where there is one, has to answer as this does. */
export function createRoutes(deployment: Deployment): App {
  const { allowedHosts, settings } = deployment;
  const router = createRouter(deployment);
  const answer: Handler = (request) => router.answer(request);
  const { corsOrigins } = settings;
  const app: App =
    corsOrigins.length > 0 ? underCors(corsOrigins, scriptedPaths, answer) : { fetch: answer };
  if (!allowedHosts) return app;
  return {
    fetch: (request, env, ctx) => {
      return refuseHost(allowedHosts, request.url) ?? app.fetch(request, env, ctx);
    },
  };
}

function createRouter(deployment: Deployment): Router {
  const router = new Router((request, path) => {
    return isRead(request) && prefersPage(request) ? pageResponse(path, 404) : undefined;
  });
  for (const call of calls) {
    const handle = handlerOf(call, deployment);
    router.add(call.method, call.path, (request) => {
      const isRefused = call.hasNoHead && request.method === "HEAD";
      return isRefused ? router.refuse(request) : handle(request);
    });
  }
  router.add("GET", "/", (request) => {
    return prefersPage(request) ? pageResponse("/") : router.refuse(request);
  });
  router.add("GET", DOCS_STYLE_PATH, () => docsResponse(docsStyle, "text/css"));
  for (const [path, asset] of assetPaths) {
    router.add("GET", path, () => assetResponse(asset));
    router.allow(path, PAGE_METHODS);
  }
  for (const [path, methods] of scriptedPaths) router.allow(path, methods);
  return router;
}

function isRead({ method }: Request): boolean {
  return PAGE_METHODS.includes(method);
}

/** What answers a request for a call. */
function handlerOf(call: Call, deployment: Deployment): Handler {
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
