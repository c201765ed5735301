/**
 * Scripts of other origins (CORS): they may call Sluice and read its answers where the configuration
 * names their origin, and never with credentials that the browser has of its own.
 */
import type { Context, MiddlewareHandler } from "hono";

import { cors } from "hono/cors";

import type { AppEnv } from "./authorize.ts";

import { COMMON_FIELDS } from "./common-fields.ts";
import { EXPOSED_FIELDS } from "./rate-limit-fields.ts";
import { settingsOf } from "./settings.ts";

/** What a script may send. */
const REQUEST_FIELDS = ["Authorization", "Content-Type", "Idempotency-Key"];
/** For how long a browser may keep a preflight answer: so long a change of the origins may take. */
const PREFLIGHT_SECONDS = 600;

/**
 * Lets scripts of the configured origins call a route by `methods`. To all others, and where no origin
 * is configured, OPTIONS is a method like any other.
 */
export function crossOrigin(...methods: string[]): MiddlewareHandler<AppEnv> {
  const options = {
    allowMethods: methods,
    allowHeaders: REQUEST_FIELDS,
    exposeHeaders: [EXPOSED_FIELDS],
    maxAge: PREFLIGHT_SECONDS,
  };
  const toAll = cors({ ...options, origin: "*" });
  const toListed = cors({
    ...options,
    origin: (origin, c: Context<AppEnv>) => (isAllowed(c, origin) ? origin : null),
  });
  return async (c, next) => {
    const { corsOrigins } = settingsOf(c.env);
    if (corsOrigins.length === 0) return next();
    if (c.req.method === "OPTIONS" && !isAllowed(c, c.req.header("Origin"))) return next();
    const preflight = await (corsOrigins === "*" ? toAll : toListed)(c, next);
    if (preflight) addCommonFields(preflight);
    return preflight;
  };
}

/** To an answer that Sluice has not made itself. */
function addCommonFields({ headers }: Response): void {
  for (const [name, value] of Object.entries(COMMON_FIELDS)) headers.set(name, value);
}

function isAllowed(c: Context<AppEnv>, origin: string | undefined): boolean {
  const { corsOrigins } = settingsOf(c.env);
  return origin !== undefined && (corsOrigins === "*" || corsOrigins.includes(origin));
}
