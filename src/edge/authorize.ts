/**
 * Who may call what. Of a request without a token that is known, nothing but method, path and origin is
 * looked at before it is turned away. What its token is good for is asked once the bucket's name is known, and before the
 * policies are, so that nobody learns of buckets that are none of his business.
 */
import type { Context, MiddlewareHandler } from "hono";

import type { Right, Scope } from "./access-tokens.ts";

import { isInScope } from "./access-tokens.ts";
import { problemResponse } from "./problem.ts";
import { settingsOf } from "./settings.ts";
import { showValue } from "../core/policy.ts";

/** The environment of the routes. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    /** What the caller may do; set where a caller is let in. */
    scopes: readonly Scope[];
  };
}

/** Everything but admin calls. */
const ASKING: readonly Scope[] = [{ rights: ["acquire", "read"], buckets: ["*"] }];

/** Lets in who may acquire or read: holders of an `API_TOKEN`, or all where Sluice is public. */
export const requireApiToken: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { apiTokens, isPublic } = settingsOf(c.env);
  const whenOpen = isPublic ? ASKING : [];
  return admit(c, next, apiTokens ? await apiTokens.scopesOf(c.req.raw) : whenOpen);
};

/** Lets in all: for callers that have shown who they are by where they called. */
export const requireNothing: MiddlewareHandler<AppEnv> = (c, next) => admit(c, next, ASKING);

/** Lets in holders of an `ADMIN_TOKEN`. */
export const requireAdminToken: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { adminTokens } = settingsOf(c.env);
  if (!adminTokens) {
    return problemResponse("admin-disabled", { detail: "No ADMIN_TOKEN is set" });
  }
  return admit(c, next, await adminTokens.scopesOf(c.req.raw));
};

/** The refusal for a caller that was let in and lacks `right` on this bucket. */
export function refusalOf(c: Context<AppEnv>, right: Right, bucket: string): Response | undefined {
  if (isInScope(c.get("scopes"), right, bucket)) return undefined;
  return unauthorized(`This token lacks the right "${right}" on ${showValue(bucket)}`);
}

async function admit(
  c: Context<AppEnv>,
  next: () => Promise<void>,
  scopes: readonly Scope[],
): Promise<Response | void> {
  if (scopes.length === 0) {
    return unauthorized("A valid token is required: Authorization: Bearer …");
  }
  c.set("scopes", scopes);
  return next();
}

function unauthorized(detail: string): Response {
  return problemResponse("unauthorized", {
    detail,
    headers: { "WWW-Authenticate": 'Bearer realm="sluice"' },
  });
}
