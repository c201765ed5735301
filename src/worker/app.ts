/**
 * Sluice as an isolate of Workers runs it: its entrypoints, each under the environment that it gets.
 *
 * There are two apps with the same routes (routes.ts), which differ in who may call. What a caller may do
 * depends on which app it reached and on its token, and on nothing else in its request.
 */
import { waitUntil } from "cloudflare:workers";

import type { BucketAccess, SluiceEnv } from "./config/env.ts";
import type { Deployment } from "./deployment.ts";
import type { App } from "./routes.ts";

import { boundGuards, publicGuards } from "./auth/authorize.ts";
import { opennessOf } from "./auth/openness.ts";
import { BucketStub } from "./bucket-stub.ts";
import { acquireAtOnce } from "./calls/acquire.ts";
import { placed } from "./config/location-hint.ts";
import { perEnvironment } from "./config/per-environment.ts";
import { illegalConfigurationResponse } from "./failure-response.ts";
import { FiledBucket } from "./filed-bucket.ts";
import { Hono } from "./hono.ts";
import { LeasedBuckets } from "./leased-bucket.ts";
import { openApiDocument } from "./pages/openapi.ts";
import { createRoutes } from "./routes.ts";
import { settingsOf } from "./settings.ts";

/** An app under one environment. */
interface EnvironmentApp {
  /** Set if it answers acquires before the router: see `acquireAtOnce`. */
  readonly fastLane: Deployment | undefined;
  /** Answers every request. */
  readonly routed: App;
}

const accessOf = perEnvironment((env): BucketAccess => {
  const { BUCKETS, FILES } = env;
  return { BUCKETS: placed(BUCKETS, settingsOf(env).locationHint), FILES };
});

/** The entrypoints of one isolate share what it holds of buckets. */
const leasesOf = perEnvironment(
  (env) => new LeasedBuckets(accessOf(env).BUCKETS, waitUntil, env.ANALYTICS),
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
    env: accessOf(env),
    bucketOf: FILES
      ? (name, policy, caller) => new FiledBucket(deployment, name, policy, caller, FILES)
      : (name, policy, caller) => new BucketStub(deployment, name, policy, caller),
    leases: leasesOf(env),
    openApi: openApiDocument,
    now: () => Date.now(),
  };
  return deployment;
}

/** What the Internet reaches. */
export const routes = createApp(publicDeploymentOf);

/** What bound Workers reach by HTTP. */
export const boundRoutes = createApp(boundDeploymentOf);

/** An app that is built from whatever environment it gets. */
function createApp(deploymentOf: (env: SluiceEnv) => Deployment): App {
  const appOf = perEnvironment((env): EnvironmentApp => {
    try {
      const deployment = deploymentOf(env);
      // Under CORS, answers have fields that follow from the request's origin; the router adds them.
      const isFast = deployment.settings.corsOrigins.length === 0;
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
