/** The Worker as deployed with other variables than those of the tests. */
import { env } from "cloudflare:workers";

import { boundRoutes, routes } from "../../src/worker/app.ts";
import { described } from "./described.ts";

/** What the Internet reaches, and what bound Workers reach. */
export const entrypoints = { front: routes, bound: boundRoutes };

export type Entrypoint = keyof typeof entrypoints;

export const ONE_A_SECOND = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };

/** Variables of a deployment that isn't open to anyone. */
export const CLOSED = {
  POLICIES: { "*": { ...ONE_A_SECOND, capacity: 1_000, initialTokens: 1_000 } },
  PUBLIC: undefined,
  API_TOKEN: undefined,
  ADMIN_TOKEN: undefined,
};

/** The environment of each deployment, which has one for as long as it lives. */
const environments = new WeakMap<object, typeof env>();

function environmentOf(variables: Record<string, unknown>): typeof env {
  let environment = environments.get(variables);
  if (!environment) environments.set(variables, (environment = { ...env, ...variables }));
  return environment;
}

/**
 * Calls an entrypoint of the Worker that is deployed with `variables`, the same object each time, and checks the
 * answer against the OpenAPI description.
 */
export async function deployed(
  variables: Record<string, unknown>,
  path: string,
  init: RequestInit = {},
  entrypoint: Entrypoint = "front",
): Promise<Response> {
  const { method = "GET" } = init;
  const url = `https://sluice.test${path}`;
  const request = new Request(url, init);
  const response = await entrypoints[entrypoint].fetch(request, environmentOf(variables));
  await described.check(method, url, response);
  return response;
}

/** Request options that present `token`. */
export function bearer(token: string): { headers: { Authorization: string } } {
  return { headers: { Authorization: `Bearer ${token}` } };
}
