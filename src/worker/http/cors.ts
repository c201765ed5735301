/**
 * Scripts of other origins (CORS): they may call Sluice and read its answers where the configuration
 * names their origin, and never with credentials that the browser has of its own.
 */
import type { MiddlewareHandler } from "hono";

import { cors as honoCors } from "hono/cors";

import type { CorsOrigins } from "../config/cors-origins.ts";

import { COMMON_FIELDS } from "../../answers/common-fields.ts";
import { EXPOSED_FIELDS } from "../../answers/common-fields.ts";

/** What a script may send. */
const REQUEST_FIELDS = ["Authorization", "Content-Type", "Idempotency-Key"];
/** For how long a browser may keep a preflight answer: so long a change of the origins may take. */
const PREFLIGHT_SECONDS = 600;

/** Lets scripts of `origins` call a route by `methods`. To all others, OPTIONS is a method like any other. */
export function cors(origins: CorsOrigins, methods: readonly string[]): MiddlewareHandler {
  const isAllowed = (origin: string): boolean => origins === "*" || origins.includes(origin);
  const allow = honoCors({
    origin: origins === "*" ? "*" : [...origins],
    // Scripts may send HEAD where they may send GET, and need not ask.
    allowMethods: methods.filter((method) => method !== "HEAD"),
    allowHeaders: REQUEST_FIELDS,
    exposeHeaders: [EXPOSED_FIELDS],
    maxAge: PREFLIGHT_SECONDS,
  });
  return async (c, next) => {
    const origin = c.req.header("Origin");
    const isPreflight = c.req.method === "OPTIONS";
    if (isPreflight && (origin === undefined || !isAllowed(origin))) return next();
    const preflight = await allow(c, next);
    if (preflight) addCommonFields(preflight);
    return preflight;
  };
}

/** To an answer that Sluice has not made itself. */
function addCommonFields({ headers }: Response): void {
  for (const [name, value] of Object.entries(COMMON_FIELDS)) headers.set(name, value);
}
