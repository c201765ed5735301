/**
 * Cross-origin requests (CORS): scripts may call Sluice and read its answers if the configuration lists their
 * origin, and never with the browser's own credentials.
 */
import type { MiddlewareHandler } from "hono";

import { cors as honoCors } from "hono/cors";

import type { CorsOrigins } from "../config/cors-origins.ts";

import { COMMON_FIELDS } from "../../answers/common-fields.ts";
import { EXPOSED_FIELDS } from "../../answers/common-fields.ts";
import { TICKET_FIELD } from "../../protocol/ticket-form.ts";

/** The headers that a script may send. */
const REQUEST_FIELDS = ["Authorization", "Content-Type", "Idempotency-Key", TICKET_FIELD];
/** How long a browser may cache a preflight answer; a change of the origins may take this long to apply. */
const PREFLIGHT_SECONDS = 600;

/**
 * Lets scripts from `origins` call a route by `methods`. For any other caller OPTIONS is a method like any
 * other.
 */
export function cors(origins: CorsOrigins, methods: readonly string[]): MiddlewareHandler {
  const isAllowed = (origin: string): boolean => origins === "*" || origins.includes(origin);
  const allow = honoCors({
    origin: origins === "*" ? "*" : [...origins],
    // Scripts may send HEAD to any route they may send GET to, without asking.
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

/** For an answer that Sluice has not made itself. */
function addCommonFields({ headers }: Response): void {
  for (const [name, value] of Object.entries(COMMON_FIELDS)) headers.set(name, value);
}
